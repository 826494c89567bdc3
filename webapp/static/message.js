// The opened message.  Comfort only: the page works without this file, too.
"use strict";

const letter = document.getElementById("letter");
const original = letter.textContent;

// What a form says, said without leaving the page: the text on it may be the only copy.
function say(action, form, more = {}) {
  const body = new URLSearchParams(new FormData(form));
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  return fetch(action, { method: "POST", body, keepalive: true });
}

// What went well is seen where it was pressed; what failed is seen here, too.
function announce(words, failed = false) {
  const said = document.getElementById("said");
  said.textContent = words;
  said.className = failed ? "fault" : "unseen";
}

// A button whose action is done says so in its place: nothing moves, and the focus stays.
// Returns what offers the action again.
function settle(button, words) {
  const offered = button.textContent;
  button.setAttribute("aria-disabled", "true");
  button.textContent = words;
  return () => {
    button.removeAttribute("aria-disabled");
    button.textContent = offered;
  };
}

// Sends a form in place: `done` gets an answer that is as it should be, any other is told in words.
function inPlace(form, ask, isRight, done) {
  form.addEventListener("submit", async (event) => {
    const button = event.submitter ?? form.querySelector("button:not([hidden])");
    event.preventDefault();
    if (button.hasAttribute("aria-disabled")) return;
    try {
      const answer = await ask();
      if (answer.status === 403 && form.dataset.wrong) {
        announce(form.dataset.wrong, true);
      } else if (isRight(answer)) {
        await done(answer, button);
      } else {
        announce(form.dataset.failed, true);
      }
    } catch {
      announce(form.dataset.failed, true);
    }
  });
}

// A timer stands still while the machine sleeps, and a clock can be set: the later of both counts.
function stopwatch() {
  const ticked = performance.now(), told = Date.now();
  return () => Math.max(performance.now() - ticked, Date.now() - told);
}

// What a reader copies by hand is the text, too, not how it is laid out.  What else was selected
// comes before and after it.
start(() => {
  const words = (selection, range) => {
    selection.removeAllRanges();
    selection.addRange(range);
    return String(selection).trim();
  };
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (!selection.rangeCount) return;
    const whole = selection.getRangeAt(0);
    if (!whole.intersectsNode(letter)) return;
    const [before, inside, after] = [0, 0, 0].map(() => whole.cloneRange());
    if (!letter.contains(whole.startContainer)) inside.setStart(letter, 0);
    if (!letter.contains(whole.endContainer)) inside.setEnd(letter, letter.childNodes.length);
    before.setEnd(inside.startContainer, inside.startOffset);
    after.setStart(inside.endContainer, inside.endOffset);
    const picked = inside.cloneContents().textContent;
    if (!picked) return;
    const text = picked === letter.textContent ? original : picked;
    const parts = [words(selection, before), text, words(selection, after)];
    words(selection, whole);
    event.clipboardData.setData("text/plain", parts.filter(Boolean).join("\n\n"));
    event.preventDefault();
  });
});

// The text is on the screen: say so, and keep the time in which it can be shown again.  Then
// count how long it is there, while the page is visible, and say that when it is left.
start(() => {
  const arrived = document.querySelector("form[data-arrived]");
  let shown = 0, since = null, told = 0, has = false;
  // A line that breaks is tried again: the sender would read that it did not arrive.
  const arrive = async (pauseMs = 2000) => {
    try {
      if ((await say(arrived.action, arrived, { keep: "1" })).status < 500) return;
    } catch {
      // As an answer that says that it did not work.
    }
    if (pauseMs < 100000) setTimeout(arrive, pauseMs, 2 * pauseMs);
  };
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
        if (!has) arrive();
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
});

// Nothing of it stays in the browser's memory of pages that were left.
start(() => {
  addEventListener("pagehide", () => {
    letter.textContent = "";
    for (const picture of document.querySelectorAll("[data-picture] img")) picture.remove();
  });
  addEventListener("pageshow", ({ persisted }) => { if (persisted) location.reload(); });
});

const ASK_MS = 20000;

// How long it can be shown again, counted down; keeping it longer moves the end.
// It stands above the text and, with what to do about it, below.
start(() => {
  const counters = [...document.querySelectorAll("[data-countdown]")];
  const counter = counters.at(-1);
  const shown = counters.map((one) => one.querySelector(".remaining"));
  for (const one of shown) {
    one.nextElementSibling.remove();
    one.classList.add("counts");
  }
  let elapsed = stopwatch(), lasts = counter.dataset.countdown * 1000;
  let minute = null, offer = null, over = false;
  const end = () => {
    over = true;
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
  };
  // A download keeps it open longer than was told: the service knows.
  const files = document.querySelector("[data-probe]");
  let asking = false;
  // The sender took some out: their rows say so.
  const take = (numbers) => {
    for (const row of files.querySelectorAll("[data-file]")) {
      const said = row.querySelector(".hint"), buttons = row.querySelector(".buttons");
      if (numbers.includes(Number(row.dataset.file)) || !said.hidden) continue;
      said.hidden = false;
      if (buttons.contains(document.activeElement)) {
        row.tabIndex = -1;
        row.focus({ preventScroll: true });
      }
      buttons.hidden = true;
      announce(`${row.querySelector("bdi").textContent}: ${said.textContent}`);
    }
  };
  const ask = async () => {
    const answer = await fetch(files.dataset.probe).catch(() => null);
    if (over) return;
    if (answer?.status === 404 || answer?.status === 410) {
      document.getElementById("files-said").textContent = files.dataset.ended;
      end();
      return;
    }
    if (answer?.ok) take((await answer.json()).numbers);
    if (elapsed() >= lasts) for (const one of counters) one.textContent = files.dataset.still;
    setTimeout(ask, ASK_MS);
  };
  const watch = () => {
    if (!asking) ask();
    asking = true;
  };
  // A recall stops a download: what the browser says of that has no reason.
  for (const link of document.querySelectorAll("a[href*='/files/']")) {
    link.addEventListener("click", () => setTimeout(watch, ASK_MS / 4), { once: true });
  }
  const tick = () => {
    if (over) return;
    const left = Math.ceil((lasts - elapsed()) / 1000);
    if (left <= offer?.at) {
      offer.again();
      offer = null;
    }
    if (left <= 0) return files ? watch() : end();
    // Who listens is told once, at a minute; who looks sees every second.
    if (left <= 60 && minute === false) announce(counter.dataset.minute);
    minute = left <= 60;
    for (const one of shown) {
      one.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    }
  };
  const timer = setInterval(tick, 1000);
  // When a machine or a page wakes, the time that passed is not counted a second at a time.
  for (const kind of ["pageshow", "focus"]) addEventListener(kind, tick);
  for (const kind of ["visibilitychange", "resume"]) document.addEventListener(kind, tick);
  tick();
  const longer = document.querySelector("form[data-prolong]");
  if (!longer) return;
  inPlace(longer, () => say(longer.dataset.prolong, longer), ({ ok }) => ok, async (answer, button) => {
    const { seconds, offer_at } = await answer.json();
    elapsed = stopwatch();
    lasts = seconds * 1000;
    tick();
    announce(longer.dataset.done);
    // A press that would gain less than a minute is not offered.
    const again = settle(button, longer.dataset.done);
    if (offer_at) offer = { at: offer_at, again };
  });
});

// Pictures are fetched only when they are asked for: the sender is told of it.
start(() => {
  const button = document.getElementById("pictures");
  button?.addEventListener("click", () => {
    for (const row of document.querySelectorAll("[data-picture]")) {
      if (row.querySelector(".buttons").hidden) continue;
      const picture = new Image();
      picture.alt = row.querySelector("bdi").textContent;
      picture.decoding = "async";
      picture.addEventListener("error", () => picture.remove());
      picture.src = row.dataset.picture;
      row.append(picture);
    }
    document.querySelector("[data-picture] a")?.focus({ preventScroll: true });
    button.remove();
  });
});

// Saving asks first, and hands the browser what came.
start(() => {
  for (const form of document.querySelectorAll("form[data-save]")) {
    const isText = ({ ok, headers }) => ok && headers.get("content-type")?.startsWith("text/plain");
    inPlace(form, () => say(form.action, form, { as: "txt" }), isText, async (answer) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await answer.blob());
      link.download = form.dataset.save;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
      announce("");
    });
  }
});

// "I have read this", said once.
start(() => {
  const form = document.querySelector("form[data-confirm]");
  inPlace(form, () => say(form.action, form, { quiet: "1" }), ({ status }) => status === 204, (_, button) => {
    settle(button, form.dataset.done);
    announce(form.dataset.done);
  });
});

// For passwords and keys: letters that cannot be taken for others, and lines as they are.
start(() => {
  for (const button of document.querySelectorAll("[data-look]")) {
    const { look } = button.dataset;
    const turn = (is) => {
      letter.classList.toggle(look, is);
      // By keyboard, only what has the focus is scrolled.
      if (look === "unwrapped") letter.tabIndex = is ? 0 : -1;
      button.setAttribute("aria-pressed", String(is));
    };
    const remembered = () => {
      try {
        return localStorage.getItem(`look-${look}`) === "1";
      } catch {
        return false;
      }
    };
    turn(remembered());
    button.addEventListener("click", () => {
      const is = !letter.classList.contains(look);
      turn(is);
      try {
        localStorage.setItem(`look-${look}`, is ? "1" : "0");
      } catch {
        // A browser that keeps nothing shows it all the same.
      }
    });
  }
});
