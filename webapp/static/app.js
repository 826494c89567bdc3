// Comfort only: every page works without this file.
"use strict";

// Times in the reader's own zone, with the zone named.
// The words are the page's language, the rest is as the reader has it at home.
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

// The gate: scripts run here, and a person's hand was seen.
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
    // Without TLS there is no clipboard to write to: the old way.
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

// What a form says, said without leaving the page; the form with `more` in it.
const say = (action, form, more = {}) => {
  const body = new URLSearchParams(new FormData(form));
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  return fetch(action, { method: "POST", body, keepalive: true });
};
// What went well is seen where it was pressed; what failed is seen here, too.
const announce = (words, failed = false) => {
  const said = document.getElementById("said");
  said.textContent = words;
  said.className = failed ? "fault" : "unseen";
};

// The text is on the screen: say so, and keep the time in which it can be shown again.  Then
// count how long it is there, while the page is visible, and say that when it is left.
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
  // A reload or a way back asks the gate, which shows it again, and not whether to send a form.
  if ("revisit" in arrived.dataset) history.replaceState(null, "", location.href);
  document.addEventListener("visibilitychange", turn);
  addEventListener("pagehide", tell);
  arrived.addEventListener("submit", tell);
  setTimeout(tell, 30000);
  setInterval(tell, 300000);
  turn();
}

// How long it can be shown again, counted down; keeping it longer moves the end.
// It stands above the text and, with what to do about it, below.
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
      // Who listens is told once, at a minute; who looks sees every second.
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
      // A press that would gain less than a minute is not offered.
      const again = settle(button, longer.dataset.done);
      if (offer_at) offer = { at: offer_at, again };
    } catch {
      announce(longer.dataset.failed, true);
    }
  });
}

// A button whose deed is done says so in its place: nothing moves, and the focus stays.
// Returns what offers the deed again.
function settle(button, words) {
  const offered = button.textContent;
  button.setAttribute("aria-disabled", "true");
  button.textContent = words;
  return () => {
    button.removeAttribute("aria-disabled");
    button.textContent = offered;
  };
}

// "I have read this", said once.
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

// The switch of languages brings one form along: what was typed in the others goes with it.
addEventListener("submit", ({ target, submitter }) => {
  if (!submitter?.closest(".languages")) return;
  const add = ({ formData }) => {
    for (const { name, value } of document.querySelectorAll("main :is(input:not([type=hidden], [type=checkbox]:not(:checked)), select, textarea)")) {
      if (!formData.has(name) && value) formData.append(name, value);
    }
  };
  target.addEventListener("formdata", add, { once: true });
});

// A double click sends one message.
for (const form of document.querySelectorAll("form[data-once]")) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  addEventListener("pageshow", () => { sent = false; });
}
