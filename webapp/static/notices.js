// Notices of the browser while the page of a message is open, also in a hidden tab.  Only after a
// press, and only on this device; live.js asks for news then, and counts them in the title.
"use strict";

start(() => {
  const place = document.getElementById("notices");
  const KEY = "notices";
  if (!place || !isSecureContext || !globalThis.Notification) return;
  const [begin, stop] = ["begin", "stop"].map((name) => place.querySelector(`[data-notices=${name}]`));
  const isOn = () => Notification.permission === "granted" && localStorage.getItem(KEY) === "on";
  const show = () => {
    const on = isOn();
    place.hidden = Notification.permission === "denied";
    [begin.hidden, stop.hidden] = [on, !on];
    document.body.toggleAttribute("data-watched", on);
    document.dispatchEvent(new Event("watched"));
  };
  begin.querySelector("button").addEventListener("click", async () => {
    if (await Notification.requestPermission() === "granted") localStorage.setItem(KEY, "on");
    show();
  });
  stop.querySelector("button").addEventListener("click", () => {
    localStorage.removeItem(KEY);
    show();
  });
  document.addEventListener("news", ({ detail }) => {
    // A browser that push tells shows it already.
    const pushed = document.querySelector("#push [data-part=on]:not([hidden])");
    if (!isOn() || pushed || document.visibilityState === "visible") return;
    const notice = new Notification(place.dataset.title, { body: detail, tag: place.dataset.message, lang: document.documentElement.lang });
    notice.addEventListener("click", () => {
      focus();
      notice.close();
    });
  });
  show();
});
