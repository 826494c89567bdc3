// What happens to a message shows on its sender's page by itself.  Comfort only: a reload shows the
// same.  The page asks in one short request whether anything is new, and puts the parts that come in
// their places, but never where that would move what is under the pointer or has the focus.  A hidden
// tab asks nothing, unless its user wants notices (notices.js).
"use strict";

start(() => {
  const live = document.getElementById("live");
  const news = document.getElementById("news");
  const told = live.textContent;
  // Seconds since the sender last did something here, and how many pass between two questions.
  const PACE = [[30, 2], [120, 5], [600, 15], [Infinity, 30]];
  const HIDDEN = 15, SHOWN_MS = 8000, PATIENCE_MS = 20000;
  const waiting = new Map();
  let { mark } = live.dataset;
  let acted = performance.now(), asked = acted, timer, shows, asking = false, over = false, failed = 0;
  let pointer = null, unseen = 0, title = document.title;

  // When to ask

  const seconds = () => {
    const idle = (performance.now() - acted) / 1000;
    const pace = isSeen() ? PACE.find(([most]) => idle < most)[1] : HIDDEN;
    return failed ? Math.max(pace, Math.min(30, 2 ** failed)) : pace;
  };
  const isSeen = () => document.visibilityState === "visible";
  const isWatched = () => isSeen() || document.body.hasAttribute("data-watched");
  function schedule() {
    clearTimeout(timer);
    if (over || asking || !isWatched()) return;
    const past = performance.now() - asked;
    timer = setTimeout(ask, Math.max(0, seconds() * 1000 - past));
  }
  async function ask() {
    if (over || asking || !isWatched()) return;
    asking = true;
    asked = performance.now();
    try {
      const url = new URL(live.dataset.changes, location.href);
      url.searchParams.set("after", mark);
      const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout?.(PATIENCE_MS) });
      if (answer.status === 200) take(await answer.text());
      else if (answer.status === 403 || answer.status === 404) over = true;
      else if (answer.status !== 204) throw answer.status;
      failed = 0;
      say(over ? live.dataset.over : told);
    } catch {
      failed += 1;
      if (failed > 1) say(live.dataset.lost);
    } finally {
      asking = false;
      schedule();
    }
  }
  const say = (words) => { if (live.textContent !== words) live.textContent = words; };

  // What came

  function take(text) {
    const came = new DOMParser().parseFromString(text, "text/html").getElementById("changes");
    if (!came) throw text.length;
    mark = came.dataset.mark;
    title = came.dataset.title;
    unseen += Number(came.dataset.new);
    document.title = unseen ? came.dataset.counted.replace("#", unseen) : title;
    if (came.dataset.news) announce(came.dataset.news);
    for (const part of came.querySelectorAll("[data-live]")) waiting.set(part.id, part);
    show();
  }
  function announce(words) {
    news.textContent = words;
    document.dispatchEvent(new CustomEvent("news", { detail: words }));
    clearTimeout(shows);
    shows = setTimeout(() => { news.textContent = ""; }, SHOWN_MS);
  }

  // Where it goes

  const hovered = () => pointer && document.elementFromPoint(...pointer);
  const focused = () => document.activeElement === document.body ? null : document.activeElement;
  const isTyped = (field) => (
    field.type === "checkbox" ? false
      : field.options ? [...field.options].some((one) => one.selected !== one.defaultSelected)
        : field.localName !== "button" && field.value !== field.defaultValue
  );
  function isBusy(part) {
    const selection = getSelection();
    return part.contains(hovered()) || part.contains(focused())
      || (!selection.isCollapsed && selection.containsNode(part, true))
      || part.querySelector("[data-busy]") !== null
      || [...part.querySelectorAll("[name]:not([type=hidden])")].some(isTyped);
  }
  // A part as the service sent it, without what this page made of it.
  function plain(part) {
    const its = part.cloneNode(true);
    for (const time of its.querySelectorAll("time[title]")) {
      time.textContent = time.title;
      time.removeAttribute("title");
    }
    for (const place of its.querySelectorAll(".copy, [data-opens-in]")) place.replaceChildren();
    for (const place of its.querySelectorAll("[data-opens-in]")) place.dataset.opensIn = "";
    for (const folded of its.querySelectorAll("details")) folded.open = false;
    for (const brief of its.querySelectorAll(".brief")) brief.removeAttribute("aria-hidden");
    for (const field of its.querySelectorAll("[name=csrf]")) field.remove();
    return its;
  }
  function put(old, part) {
    const fresh = document.importNode(part, true);
    const folded = fresh.querySelectorAll("details");
    old.querySelectorAll("details").forEach(({ open }, at) => { if (folded[at]) folded[at].open = open; });
    for (const { value } of old.querySelectorAll("[type=checkbox]:checked")) {
      const same = [...fresh.querySelectorAll("[type=checkbox]")].find((one) => one.value === value);
      if (same) same.checked = true;
    }
    const place = (element) => element.getBoundingClientRect();
    const still = [hovered(), focused()].filter((one) => one && one !== document.documentElement);
    const before = still.map(place);
    const moved = () => {
      const each = still.map(place).map(({ x, y }, at) => [x - before[at].x, y - before[at].y]);
      return each.find(([x, y]) => Math.abs(x) > 0.5 || Math.abs(y) > 0.5);
    };
    const { scrollY } = globalThis;
    old.replaceWith(fresh);
    for (const feature of dressings) start(() => feature(fresh));
    // What is above grew or shrank: the page is scrolled by as much, so that all below stays.
    const by = moved();
    if (by) scrollBy({ top: by[1], behavior: "instant" });
    if (!by || !moved()) return true;
    fresh.replaceWith(old);
    scrollTo({ top: scrollY, behavior: "instant" });
    return false;
  }
  function show() {
    for (const [id, part] of waiting) {
      const old = document.getElementById(id);
      const isSame = !old || !("live" in old.dataset) || plain(old).isEqualNode(plain(part));
      if (isSame || (!isBusy(old) && put(old, part))) waiting.delete(id);
    }
  }

  // What the sender does

  let again;
  const later = () => { again ??= setTimeout(() => { again = null; show(); }, 100); };
  const act = () => {
    acted = performance.now();
    if (unseen) document.title = title;
    unseen = 0;
    schedule();
    if (waiting.size) later();
  };
  addEventListener("pointermove", ({ pointerType, clientX, clientY, movementX, movementY }) => {
    // Browsers report a move, too, where only the page moved.
    const isMoved = movementX || movementY || !pointer;
    pointer = pointerType === "touch" ? null : [clientX, clientY];
    if (isMoved) act();
  }, { passive: true });
  document.documentElement.addEventListener("pointerleave", () => {
    pointer = null;
    if (waiting.size) later();
  });
  for (const kind of ["pointerdown", "keydown", "wheel", "focus", "focusout"]) {
    addEventListener(kind, act, { passive: true });
  }
  // A finger on the page holds all as a pointer does.
  addEventListener("touchstart", ({ touches: [{ clientX, clientY }] }) => { pointer = [clientX, clientY]; }, { passive: true });
  for (const kind of ["touchend", "touchcancel"]) addEventListener(kind, () => { pointer = null; act(); }, { passive: true });
  document.addEventListener("visibilitychange", () => { if (isSeen()) { act(); ask(); } else schedule(); });
  document.addEventListener("watched", schedule);
  addEventListener("pageshow", ({ persisted }) => { if (persisted) ask(); });
  document.addEventListener("opened", () => setTimeout(ask, 250));
  schedule();
});

// How long a held message can still be taken back, counted down.  Then the page asks what is so now.
dress((part) => {
  for (const left of part.querySelectorAll("[data-opens-in]")) {
    const figures = left.querySelector("b");
    const ends = performance.now() + left.dataset.opensIn * 1000;
    const tick = () => {
      const seconds = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
      const two = (number) => String(number).padStart(2, "0");
      const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
      figures.textContent = hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
      if (!left.isConnected) return;
      if (seconds) setTimeout(tick, 1000 - (performance.now() - ends) % 1000);
      else document.dispatchEvent(new Event("opened"));
    };
    tick();
  }
});
