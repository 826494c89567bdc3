// Comfort only: every page works without this file.
"use strict";

// Times in the reader's own zone, with the zone named.
const page = document.documentElement.lang;
const locale = navigator.language.startsWith(page) ? navigator.language : page;
const clock = new Intl.DateTimeFormat(locale, {
  day: "numeric", month: "long", year: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short",
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
  button.textContent = label;
  said.className = "unseen";
  said.setAttribute("role", "status");
  place.append(button, said);
  button.addEventListener("click", async () => {
    await copy(document.getElementById(id));
    button.textContent = said.textContent = done;
    setTimeout(() => {
      button.textContent = label;
      said.textContent = "";
    }, 2500);
  });
}

// The text is on the screen: say so, and keep the time in which it can be shown again.
const arrived = document.querySelector("form[data-arrived]");
if (arrived) {
  const tell = () => {
    const body = new URLSearchParams(new FormData(arrived));
    body.set("keep", "1");
    fetch(arrived.action, { method: "POST", body, keepalive: true }).catch(() => {});
  };
  const whenSeen = () => {
    if (document.visibilityState === "visible") {
      document.removeEventListener("visibilitychange", whenSeen);
      requestAnimationFrame(() => requestAnimationFrame(tell));
    }
  };
  document.addEventListener("visibilitychange", whenSeen);
  whenSeen();
}

// How long it can be shown again, counted down.
const counter = document.querySelector("[data-countdown]");
if (counter) {
  const shown = counter.querySelector(".remaining");
  const end = performance.now() + counter.dataset.countdown * 1000;
  const tick = () => {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left <= 0) {
      counter.textContent = counter.dataset.over;
      clearInterval(timer);
    } else {
      shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    }
  };
  const timer = setInterval(tick, 1000);
  tick();
}

// A double click sends one message.
for (const form of document.querySelectorAll("form[data-once]")) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  addEventListener("pageshow", () => { sent = false; });
}
