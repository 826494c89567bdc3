// The compose page.  Comfort only: the page works without this file, too.
"use strict";

const form = document.getElementById("compose");

// What is folded away says in one line what is chosen there.
start(() => {
  const chosen = (one) => {
    const { said, usual } = one.dataset;
    if (one.type === "checkbox") return one.checked ? said : "";
    if (!one.value || one.value === usual) return "";
    if (one.id === "passphrase") return said;
    return `${said}: ${one.selectedOptions?.[0].textContent ?? one.value}`;
  };
  for (const place of form.querySelectorAll("[data-chosen]")) {
    const fold = place.closest("details");
    const nothing = place.textContent;
    const fields = [...fold.querySelectorAll("[data-said]")];
    const list = fold.querySelector("textarea");
    const tell = () => {
      const words = list ? list.value.trim().replace(/\s*\n\s*/g, ";\u00a0") : fields.map(chosen).filter(Boolean).join("\u00a0·\u00a0");
      const isUsual = fields.length > 0 && fields.every((one) => !chosen(one) || (one.id === "expires_in" && one.selectedOptions[0].defaultSelected));
      place.textContent = words && !isUsual ? words : nothing;
      place.translate = place.textContent === nothing;
    };
    fold.addEventListener("toggle", tell);
    fold.addEventListener("change", tell);
    form.addEventListener("filled", tell);
    addEventListener("pageshow", tell);
  }
});

// The choices that this device remembers, if its user wants: never what is secret or names others.
// What another version of the page kept, and this one does not offer, is left alone.
start(() => {
  const KEY = "compose-choices";
  const store = localStorage;
  const keep = document.getElementById("keep");
  const fields = [...form.querySelectorAll("[data-kept]")];
  const kept = () => {
    try {
      const found = JSON.parse(store.getItem(KEY));
      return typeof found === "object" ? found : null;
    } catch {
      return null;
    }
  };
  const write = () => {
    const pairs = fields.map((one) => [one.name, one.type === "checkbox" ? one.checked : one.value]);
    store.setItem(KEY, JSON.stringify(Object.fromEntries(pairs)));
  };
  const take = (one, value) => {
    if (one.type === "checkbox") {
      one.checked = value === true;
      return;
    }
    const before = one.value;
    one.value = String(value);
    if (one.value !== String(value) || !one.checkValidity()) one.value = before;
  };
  const fill = () => {
    const found = kept() ?? {};
    for (const one of fields) if (Object.hasOwn(found, one.name)) take(one, found[one.name]);
    form.dispatchEvent(new Event("filled"));
  };
  keep.checked = kept() !== null;
  keep.closest(".field").hidden = false;
  if ("fresh" in form.dataset) fill();
  form.addEventListener("emptied", fill);
  keep.addEventListener("change", () => {
    if (!keep.checked) store.removeItem(KEY);
  });
  form.addEventListener("change", () => {
    if (keep.checked) write();
  });
});

// The list of recipients is read where the page's own rules are: on the server.
start(() => {
  const check = document.getElementById("check");
  const list = document.getElementById("recipients");
  const file = document.getElementById("list");
  const readers = document.getElementById("readers");
  const said = document.getElementById("readers-said");
  // A press on a button leaves the field, which asks: nothing moves before the press is over.
  let pressed = Promise.resolve();
  addEventListener("pointerdown", () => {
    pressed = new Promise((over) => {
      for (const end of ["pointerup", "pointercancel"]) {
        addEventListener(end, () => setTimeout(over), { once: true, capture: true });
      }
    });
  }, true);
  const ask = async () => {
    const typed = list.value;
    const all = new FormData(form);
    const body = new FormData();
    for (const name of ["recipients", "list", "repeats"]) {
      if (all.get(name)) body.set(name, all.get(name));
    }
    const answer = await fetch(check.formAction, { method: "POST", body });
    if (!answer.ok) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    await pressed;
    if (list.value !== typed) return true;
    if (file.value) list.value = page.getElementById("recipients").value;
    file.value = "";
    readers.replaceChildren(...page.getElementById("readers").childNodes);
    said.textContent = [...readers.querySelectorAll("p")].map((one) => one.textContent).join("\n");
    form.dispatchEvent(new Event("filled"));
    return true;
  };
  const isSmall = () => !file.value || file.files[0].size <= file.dataset.most;
  // What is wrong is told by the page as it is without scripts.
  const read = () => ask().catch(() => false).then((isRead) => isRead || form.requestSubmit(check));
  const look = () => {
    if (list.value.trim()) return ask().catch(() => {});
    readers.replaceChildren();
    said.textContent = "";
    return undefined;
  };
  check.addEventListener("click", (event) => {
    if (!isSmall()) return;
    event.preventDefault();
    read();
  });
  file.addEventListener("change", () => {
    if (file.value && isSmall()) read();
  });
  list.addEventListener("change", look);
  list.addEventListener("paste", () => setTimeout(look));
  readers.addEventListener("change", look);
});

// A passphrase made on the server, for a person to say: it is seen while it is in the field.
start(() => {
  const make = document.getElementById("make");
  const field = document.getElementById("passphrase");
  make.addEventListener("click", async (event) => {
    event.preventDefault();
    try {
      const answer = await fetch(make.formAction, { method: "POST", headers: { Accept: "text/plain" } });
      if (!answer.ok) throw new Error(answer.statusText);
      field.value = await answer.text();
    } catch {
      form.requestSubmit(make);
      return;
    }
    field.classList.remove("secret");
    field.focus();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  field.addEventListener("input", () => {
    if (!field.value) field.classList.add("secret");
  });
});
