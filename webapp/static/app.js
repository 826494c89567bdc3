// Progressive enhancement: every page works without this file.
"use strict";

// Each feature starts on its own: what a browser lacks, or says of itself, takes no other along.
function start(feature) {
  try {
    feature();
  } catch (error) {
    console.warn(error);
  }
}

// What a page's parts get, also those that come later: see live.js.
const dressings = [];
function dress(feature) {
  dressings.push(feature);
  start(() => feature(document));
}

const POLITE_MS = 2500;

// A double click sends one message.
start(() => {
  for (const form of document.querySelectorAll("form[data-once]")) {
    let sent = false;
    const anew = () => { sent = false; };
    form.addEventListener("submit", (event) => {
      if (sent) event.preventDefault();
      sent = true;
    });
    addEventListener("pageshow", anew);
    // A send that was stopped, or whose text was changed meanwhile, can be pressed again.
    globalThis.navigation?.addEventListener("navigateerror", anew);
    form.addEventListener("input", anew);
  }
});

// A form that cannot arrive is not sent: offline it would lead to the browser's own page, and a
// text that is too long would come back without its end.
start(() => {
  const { offline } = document.body.dataset;
  const answered = new WeakSet();
  const say = (form, words) => {
    const said = document.createElement("p");
    said.classList.add("fault", "unsent");
    said.setAttribute("role", "alert");
    said.textContent = words;
    form.append(said);
  };
  const size = ({ files, value }) => files ? files[0]?.size ?? 0 : new TextEncoder().encode(value).length;
  const isTooLong = (field) => size(field) > field.dataset.most;
  // Some browsers say that they are offline where they are not: only the service knows.
  // A form that is sent in place tells of its own failure.
  const isDoubtful = (form) => (
    navigator.onLine === false && form.requestSubmit && !answered.delete(form) && !("failed" in form.dataset)
  );
  const ask = () => fetch(document.querySelector("link[rel=icon]").href, { cache: "no-store" });
  addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    form.querySelector(".unsent")?.remove();
    const long = [...form.querySelectorAll("[data-most]")].find(isTooLong);
    if (!long && !isDoubtful(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (long) return say(form, long.dataset.tooLong);
    ask().then(() => {
      answered.add(form);
      form.requestSubmit(submitter);
    }, () => say(form, offline));
  }, { capture: true });
});

// Times in the reader's own zone, with the zone named.
// The words are the page's language, the rest is as the reader has it at home.
start(() => {
  const isLanguage = (tag) => {
    try {
      return Intl.getCanonicalLocales(tag).length > 0;
    } catch {
      return false;
    }
  };
  const page = document.documentElement.lang;
  const isPage = (tag) => tag.split("-")[0] === page.split("-")[0];
  const spoken = [navigator.language, ...(navigator.languages ?? [])].filter(isLanguage);
  const { hourCycle, timeZone } = new Intl.DateTimeFormat(spoken.slice(0, 1), { hour: "numeric" }).resolvedOptions();
  const clock = new Intl.DateTimeFormat([...spoken.filter(isPage), page], {
    day: "numeric", month: "long", year: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short", hourCycle,
  });
  // The server has no other way to write times as this visitor reads them.
  dress((part) => {
    for (const field of part.querySelectorAll("[name=zone]")) field.value = timeZone;
    for (const time of part.querySelectorAll("time[datetime]")) {
      time.title = time.textContent;
      time.textContent = clock.format(new Date(time.dateTime));
    }
  });
});

// The gate: scripts run here, and a person's hand was seen.
start(() => {
  for (const form of document.querySelectorAll("form[data-hand]")) {
    const { scripts, hand } = form.elements;
    scripts.value = "1";
    const seen = (event) => { if (event.isTrusted) hand.value = "1"; };
    for (const kind of ["pointerdown", "touchstart", "keydown", "click"]) {
      addEventListener(kind, seen, { capture: true, passive: true });
    }
  }
});

// A copy is the text itself, as the page brought it: no translator or extension has touched it.
// Tells whether the clipboard took it.
async function copy(source, text, card) {
  try {
    // The page's policy would take the styles out of a card: only an event brings it whole.
    if (!card) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Without TLS there is no clipboard to write to, and some browsers refuse: the old way.
  }
  let given = false;
  const give = (event) => {
    event.clipboardData.setData("text/plain", text);
    if (card) event.clipboardData.setData("text/html", card);
    event.preventDefault();
    event.stopImmediatePropagation();
    given = true;
  };
  const folded = source.closest("details:not([open])");
  if (folded) folded.open = true;
  getSelection().selectAllChildren(source);
  addEventListener("copy", give, { capture: true });
  try {
    return document.execCommand("copy") && given;
  } catch {
    return false;
  } finally {
    removeEventListener("copy", give, { capture: true });
    if (card && given) getSelection().removeAllRanges();
    if (folded && given) folded.open = false;
  }
}

start(() => {
  const button = document.querySelector("[data-print]");
  if (typeof print === "function") button?.addEventListener("click", () => print());
  else if (button) button.hidden = true;
});

dress((part) => {
  for (const place of part.querySelectorAll("[data-copy]")) {
    const { copy: id, label, done, failed, address } = place.dataset;
    const source = document.getElementById(id);
    const text = source.textContent;
    // A mail's card is on the page once, with the address of the first link.
    const model = address && document.getElementById("card");
    const card = model && model.textContent.replaceAll(model.dataset.address, address);
    const button = document.createElement("button");
    const said = document.createElement("span");
    button.type = "button";
    button.className = "button";
    button.classList.toggle("primary", "primary" in place.dataset);
    button.textContent = label;
    // Of many buttons with one label, each has a name of its own.
    if (place.dataset.name) button.setAttribute("aria-label", place.dataset.name);
    // In a table of many, nobody wants to hear each address: the button copies it.
    if (source.matches(".brief")) source.ariaHidden = "true";
    said.className = "unseen";
    said.setAttribute("role", "status");
    place.append(button, said);
    button.addEventListener("click", async () => {
      button.style.minInlineSize = `${button.offsetWidth}px`;
      const copied = await copy(source, text, card);
      said.className = copied ? "unseen" : "fault";
      said.textContent = copied ? done : failed;
      if (!copied) {
        // What the person presses next takes it from here.
        getSelection().selectAllChildren(source);
        return;
      }
      button.textContent = done;
      setTimeout(() => {
        button.textContent = label;
        said.textContent = "";
      }, POLITE_MS);
    });
  }
});

// The switch of languages brings one form along: what was typed in the others goes with it.
start(() => {
  addEventListener("submit", ({ target, submitter }) => {
    if (!submitter?.closest(".languages")) return;
    const add = ({ formData }) => {
      const had = new Set(formData.keys());
      for (const { name, value } of document.querySelectorAll("main :is(input:not([type=hidden], [type=checkbox]:not(:checked)), select, textarea)")) {
        if (!had.has(name) && value) formData.append(name, value);
      }
    };
    target.addEventListener("formdata", add, { once: true });
  });
});

// The way back from a message that was sent leads to an empty form: it may be recalled by then.
// A send that failed on its way leaves the text where it is.
start(() => {
  const form = document.getElementById("compose");
  if (!form) {
    if (sessionStorage.getItem("sending") && document.body.classList.contains("manager")) {
      sessionStorage.setItem("sending", "done");
    }
    return;
  }
  form.addEventListener("submit", () => sessionStorage.setItem("sending", "yes"));
  addEventListener("pageshow", ({ persisted }) => {
    const [way] = performance.getEntriesByType("navigation");
    const is = sessionStorage.getItem("sending") === "done" && (persisted || way?.type === "back_forward");
    sessionStorage.removeItem("sending");
    if (!is) return;
    for (const field of form.querySelectorAll("textarea, input[type=text], input[type=file], input:not([type])")) field.value = "";
    form.dispatchEvent(new Event("emptied"));
  });
});

// A passphrase that is shown once more is gone when its page is left, also from the way back.
start(() => {
  addEventListener("pagehide", () => document.querySelector(".told")?.remove());
});
