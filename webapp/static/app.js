// Progressive enhancement: every page works without this file.
"use strict";

// Times in the visitor's time zone, with its name: in the page's language, and in the format of
// the visitor's own locale.
const page = document.documentElement.lang;
const isPage = (tag) => tag.split("-")[0] === page.split("-")[0];
const { hourCycle } = new Intl.DateTimeFormat(navigator.language, { hour: "numeric" }).resolvedOptions();
const clock = new Intl.DateTimeFormat([...navigator.languages.filter(isPage), page], {
  day: "numeric", month: "long", year: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short", hourCycle,
});
for (const time of document.querySelectorAll("time[datetime]")) {
  time.title = time.textContent;
  time.textContent = clock.format(new Date(time.dateTime));
}

// The gate: report that scripts run, and that a pointer, key or touch was used.
for (const form of document.querySelectorAll("form[data-hand]")) {
  const { scripts, hand } = form.elements;
  scripts.value = "1";
  const seen = (event) => { if (event.isTrusted) hand.value = "1"; };
  for (const kind of ["pointerdown", "touchstart", "keydown", "click"]) {
    addEventListener(kind, seen, { capture: true, passive: true });
  }
}

// Copy buttons.
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    // Without TLS there is no clipboard API: use execCommand.
    getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
}
for (const place of document.querySelectorAll("[data-copy]")) {
  const { copy: id, label, done } = place.dataset;
  const button = document.createElement("button");
  const said = document.createElement("span");
  button.type = "button";
  button.className = "button";
  button.classList.toggle("primary", "primary" in place.dataset);
  button.textContent = label;
  said.className = "unseen";
  said.setAttribute("role", "status");
  place.append(button, said);
  button.addEventListener("click", async () => {
    button.style.minInlineSize = `${button.offsetWidth}px`;
    await copy(document.getElementById(id));
    button.textContent = said.textContent = done;
    setTimeout(() => {
      button.textContent = label;
      said.textContent = "";
    }, 2500);
  });
}

// Send a form without leaving the page, with `more` added.
const say = (action, form, more = {}) => {
  const body = new URLSearchParams(new FormData(form));
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  return fetch(action, { method: "POST", body, keepalive: true });
};
// The button shows success; a failure is shown here, too.
const announce = (words, failed = false) => {
  const said = document.getElementById("said");
  said.textContent = words;
  said.className = failed ? "fault" : "unseen";
};

// The text is on the screen: acknowledge it, which keeps the lease.  Then count how long the text
// is visible, and report that when the page is left.
const arrived = document.querySelector("form[data-arrived]");
if (arrived) {
  let shown = 0, since = null, told = 0, has = false;
  const isVisible = () => document.visibilityState === "visible";
  const tell = () => {
    const seconds = Math.floor((shown + (since === null ? 0 : performance.now() - since)) / 1000);
    if (seconds <= told || !arrived.dataset.onScreen) return;
    told = seconds;
    const body = new URLSearchParams(new FormData(arrived));
    body.set("seconds", seconds);
    navigator.sendBeacon(arrived.dataset.onScreen, body);
  };
  const turn = () => {
    if (isVisible()) {
      since ??= performance.now();
      if (!has) requestAnimationFrame(() => requestAnimationFrame(() => {
        if (!has) say(arrived.action, arrived, { keep: "1" }).catch(() => {});
        has = true;
      }));
    } else if (since !== null) {
      shown += performance.now() - since;
      since = null;
      tell();
    }
  };
  // A reload or the back button then loads the gate instead of asking to send the form again.
  if ("revisit" in arrived.dataset) history.replaceState(null, "", location.href);
  document.addEventListener("visibilitychange", turn);
  addEventListener("pagehide", tell);
  arrived.addEventListener("submit", tell);
  setTimeout(tell, 30000);
  setInterval(tell, 300000);
  turn();
}

// Count down the lease; extending it moves the end.  The countdown is above the text and below
// it, there with the buttons.
const counters = [...document.querySelectorAll("[data-countdown]")];
const counter = counters.at(-1);
if (counter) {
  const shown = counters.map((one) => one.querySelector(".remaining"));
  let end = performance.now() + counter.dataset.countdown * 1000;
  let minute = null, offer = null;
  const tick = () => {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left <= offer?.at) {
      offer.again();
      offer = null;
    }
    if (left <= 0) {
      for (const one of counters) one.textContent = one.dataset.over;
      clearInterval(timer);
      announce(counter.dataset.over);
      for (const leased of document.querySelectorAll(".leased")) {
        if (leased.contains(document.activeElement)) {
          counter.tabIndex = -1;
          counter.focus({ preventScroll: true });
        }
        leased.classList.add("over");
      }
    } else {
      // Screen readers announce it once, at a minute; visually it changes every second.
      if (left <= 60 && minute === false) announce(counter.dataset.minute);
      minute = left <= 60;
      for (const one of shown) {
        one.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      }
    }
  };
  const timer = setInterval(tick, 1000);
  tick();
  const longer = document.querySelector("form[data-prolong]");
  longer?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = longer.querySelector("button");
    if (button.hasAttribute("aria-disabled")) return;
    try {
      const answer = await say(longer.dataset.prolong, longer);
      if (!answer.ok) throw answer;
      const { seconds, offer_at } = await answer.json();
      end = performance.now() + seconds * 1000;
      tick();
      announce(longer.dataset.done);
      // Offer no extension that gains less than a minute.
      const again = settle(button, longer.dataset.done);
      if (offer_at) offer = { at: offer_at, again };
    } catch {
      announce(longer.dataset.failed, true);
    }
  });
}

// Show success in the button itself: nothing moves, and the focus stays.  Returns a function that
// restores the button.
function settle(button, words) {
  const offered = button.textContent;
  button.setAttribute("aria-disabled", "true");
  button.textContent = words;
  return () => {
    button.removeAttribute("aria-disabled");
    button.textContent = offered;
  };
}

// "I have read this": confirm once.
const confirming = document.querySelector("form[data-confirm]");
confirming?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = confirming.querySelector("button");
  try {
    const answer = await say(confirming.action, confirming, { quiet: "1" });
    if (answer.status !== 204) throw answer;
    settle(button, confirming.dataset.done);
    announce(confirming.dataset.done);
  } catch {
    announce(confirming.dataset.failed, true);
  }
});

document.querySelector("[data-print]")?.addEventListener("click", () => print());

// The language switch submits one form: copy what was typed in the other forms into it.
addEventListener("submit", ({ target, submitter }) => {
  if (!submitter?.closest(".languages")) return;
  const add = ({ formData }) => {
    for (const { name, value } of document.querySelectorAll("main :is(input:not([type=hidden], [type=checkbox]:not(:checked)), select, textarea)")) {
      if (!formData.has(name) && value) formData.append(name, value);
    }
  };
  target.addEventListener("formdata", add, { once: true });
});

// A double click must send only one message.
for (const form of document.querySelectorAll("form[data-once]")) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  addEventListener("pageshow", () => { sent = false; });
}
