// Files of a message: uploaded in pieces while it is written, one after the other.  A line that
// breaks is tried again, and after a reload a file that is chosen again goes on where it was
// (kept_uploads.js).  Comfort only: without this file, the form brings the files.
"use strict";

dress((part) => {
  const list = part.querySelector("#uploads");
  if (!list || !globalThis.XMLHttpRequest?.prototype.send || !Blob.prototype.slice) return;
  const form = list.closest("form");
  const input = form.querySelector("input[type=file][multiple]");
  const said = document.getElementById("uploads-said");
  const total = document.getElementById("uploads-sum");
  const row = document.getElementById("upload-row").content.firstElementChild;
  const words = list.dataset;
  const PIECE = 8 * 1024 * 1024, TOKEN = 35;
  const WAIT_MS = 1000, WAIT_MOST_MS = 30000, RATE_MS = 8000;
  const lang = document.documentElement.lang;
  const entries = [];
  let running = null, submitter = null, isLeaving = false;

  const number = (value, unit, unitDisplay = "short") => new Intl.NumberFormat(lang, {
    style: "unit", unit, unitDisplay, maximumFractionDigits: value < 10 && unitDisplay === "short" ? 1 : 0,
  }).format(value);
  const size = (bytes) => {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
    let power = 0;
    while (power < units.length - 1 && bytes >= 1000 ** (power + 1)) power += 1;
    return number(bytes / 1000 ** power, units[power], power ? "short" : "long");
  };
  const time = (seconds) => {
    if (seconds < 60) return number(Math.max(1, Math.ceil(seconds / 5) * 5), "second", "long");
    return seconds < 5400 ? number(Math.ceil(seconds / 60), "minute", "long") : number(Math.ceil(seconds / 3600), "hour", "long");
  };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const isOpen = (one) => one.state !== "done" && one.state !== "refused";
  const pause = (ms) => new Promise((done) => {
    const timer = setTimeout(done, ms);
    addEventListener("online", () => { clearTimeout(timer); done(); }, { once: true });
  });

  const tell = (one, text, isFault = false) => {
    const place = one.row.querySelector("[data-said]");
    place.textContent = text;
    place.className = isFault ? "fault" : "hint";
  };
  // A file says its own state where it is listed; only what is about the whole message is seen here.
  const announce = (text, isSeen = false) => {
    said.textContent = text;
    said.className = isSeen ? "hint" : "unseen";
  };
  const turn = (one, state, text = words[state] ?? "") => {
    one.state = state;
    one.row.querySelector("[data-pause]").hidden = state !== "running" && state !== "broken";
    one.row.querySelector("[data-go]").hidden = state !== "paused";
    one.row.querySelector("progress").hidden = !isOpen(one);
    // While it runs, its size is said with how far it came.
    one.row.querySelector(".when").hidden = state === "running";
    tell(one, text, state === "refused");
    if (!isOpen(one)) announce(`${one.file.name}: ${text}`);
  };
  const show = (one, at) => {
    one.row.querySelector("progress").value = at / Math.max(one.file.size, 1);
    // The speed of the last seconds: what is left follows from it.
    const now = performance.now();
    one.marks.push([now, at]);
    while (one.marks.length > 2 && now - one.marks[0][0] > RATE_MS) one.marks.shift();
    const [since, from] = one.marks[0];
    const speed = (at - from) / (now - since);
    const values = { done: size(at), all: size(one.file.size) };
    if (!(now - since > 1500 && speed > 0)) return tell(one, fill(words.running, values));
    return tell(one, fill(words.left, { ...values, time: time((one.file.size - at) / speed / 1000) }));
  };

  // Asks for one thing, and tells the answer's status, 0 if none came.
  const ask = (one, method, url, headers, body) => new Promise((done) => {
    const request = new XMLHttpRequest();
    const at = one.at;
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (body instanceof Blob) request.upload.addEventListener("progress", ({ loaded }) => show(one, at + loaded));
    request.addEventListener("loadend", () => done(request));
    one.request = request;
    request.send(body);
  });
  const upload = (one, method, more = {}, body = null) => (
    ask(one, method, words.upload, { authorization: `Bearer ${one.token}`, ...more }, body)
  );
  const whereItIs = (one, answer) => {
    one.at = Number(answer.getResponseHeader("upload-offset") ?? one.at);
    return answer.getResponseHeader("upload-complete") === "?1";
  };

  // All files of a message are in one shard: its number begins each token.
  const shardOf = (token) => atob(`${token.slice(1, 3).replaceAll("-", "+").replaceAll("_", "/")}==`);
  const resume = async (one) => {
    one.isNew = false;
    const its = await keptUploads.find(one.file);
    if (!its) return false;
    const others = new FormData(form).getAll("upload").map((value) => value.slice(0, TOKEN));
    others.push(...entries.map(({ token }) => token).filter(Boolean));
    const beside = words.control ?? others[0];
    if (others.includes(its.upload) || (beside && shardOf(beside) !== shardOf(its.upload))) return false;
    one.token = its.upload;
    one.field.value = its.field;
    return true;
  };

  const begin = async (one) => {
    if (one.isNew && await resume(one)) return find(one);
    const fields = new FormData(form);
    const body = new URLSearchParams({ name: one.file.name, size: one.file.size, type: one.file.type });
    for (const name of ["csrf", "permit"]) if (fields.get(name)) body.set(name, fields.get(name));
    if (words.control) body.set("control", words.control);
    for (const value of fields.getAll("upload")) body.append("upload", value);
    const answer = await ask(one, "POST", words.begin, {}, body);
    let its = null;
    try {
      its = JSON.parse(answer.responseText);
    } catch {
      // An answer that is not ours: as if none had come.
    }
    if (answer.status === 201 && its) {
      one.token = its.upload;
      one.field.value = its.field;
      one.at = 0;
      keptUploads.keep(one.file, its);
      return "running";
    }
    if (its?.fault && answer.status !== 503) {
      turn(one, "refused", its.fault);
      return "refused";
    }
    return "broken";
  };

  const piece = async (one) => {
    const end = Math.min(one.at + PIECE, one.file.size);
    const answer = await upload(one, "PATCH", {
      "content-type": "application/partial-upload",
      "upload-offset": String(one.at),
      "upload-complete": end === one.file.size ? "?1" : "?0",
    }, one.file.slice(one.at, end));
    if (answer.status === 204) return whereItIs(one, answer) ? "done" : "running";
    if (answer.status === 404) {
      one.token = "";
      return "broken";
    }
    if ([413, 422, 507].includes(answer.status)) {
      keptUploads.forget(one.file);
      turn(one, "refused", answer.responseText.includes('"file-refused"') ? words.scanned : words.refused);
      return "refused";
    }
    one.isLost = true;
    return "broken";
  };

  // Where the service is, after a line broke: perhaps it has all of it.
  const find = async (one) => {
    const answer = await upload(one, "GET");
    if (answer.status === 404) {
      one.token = "";
      return "running";
    }
    if (answer.status !== 204) {
      one.isLost = true;
      return "broken";
    }
    one.isLost = false;
    if (whereItIs(one, answer)) return "done";
    show(one, one.at);
    return "running";
  };

  const run = async (one) => {
    let wait = WAIT_MS;
    turn(one, "running", "");
    while (one.state === "running" || one.state === "broken") {
      const step = !one.token ? begin : one.isLost ? find : piece;
      const before = one.at;
      const next = await step(one);
      if (one.state !== "running" && one.state !== "broken") break;
      if (next === "done") {
        one.field.disabled = false;
        turn(one, "done");
      } else if (next === "broken") {
        turn(one, "broken");
        await pause(wait);
        wait = Math.min(2 * wait, WAIT_MOST_MS);
      } else if (next === "running" && one.state === "broken") {
        turn(one, "running", "");
      }
      if (one.at > before) wait = WAIT_MS;
    }
  };

  const work = async () => {
    if (running) return;
    while ((running = entries.find((one) => one.state === "waiting"))) await run(running);
    running = null;
    if (submitter === null || entries.some(isOpen)) return;
    const button = submitter;
    submitter = null;
    announce("");
    form.requestSubmit(button || undefined);
  };

  const drop = (one) => {
    one.state = "dropped";
    one.request?.abort();
    if (one.token) upload(one, "DELETE");
    keptUploads.forget(one.file);
    entries.splice(entries.indexOf(one), 1);
    one.row.remove();
    addUp();
    input.focus();
    work();
  };

  // What is chosen so far, beside what a message may have.  Meanwhile nothing puts this part anew.
  const addUp = () => {
    list.toggleAttribute("data-busy", entries.length > 0);
    const taken = entries.filter(({ state }) => state !== "refused");
    const values = { all: size(taken.reduce((sum, { file }) => sum + file.size, 0)) };
    total.textContent = taken.length > 1 ? fill(words.sum, values) : "";
  };

  const add = (file) => {
    const one = { file, row: row.cloneNode(true), field: document.createElement("input"), marks: [], at: 0, token: "", isLost: false, isNew: true };
    one.row.querySelector("bdi").textContent = file.name;
    one.row.querySelector(".when").textContent = size(file.size);
    one.row.querySelector("progress").setAttribute("aria-label", file.name);
    for (const button of one.row.querySelectorAll("button")) button.setAttribute("aria-label", `${button.textContent}: ${file.name}`);
    Object.assign(one.field, { type: "hidden", name: "upload", disabled: true });
    one.row.append(one.field);
    one.row.querySelector("[data-pause]").addEventListener("click", () => {
      one.isLost = one.token !== "";
      one.marks = [];
      turn(one, "paused");
      one.request?.abort();
      one.row.querySelector("[data-go]").focus();
    });
    one.row.querySelector("[data-go]").addEventListener("click", () => {
      turn(one, "waiting");
      one.row.querySelector("[data-drop]").focus();
      work();
    });
    one.row.querySelector("[data-drop]").addEventListener("click", () => drop(one));
    list.append(one.row);
    entries.push(one);
    const kept = form.querySelectorAll("input[type=checkbox][name=upload]:checked").length;
    const together = entries.reduce((sum, its) => sum + (its.state === "refused" ? 0 : its.file.size), 0);
    if (file.size > words.most) turn(one, "refused", words.large);
    else if (kept + entries.filter((its) => its.state !== "refused").length > words.many) turn(one, "refused", words.tooMany);
    else if (together > words.together) turn(one, "refused", words.tooLarge);
    else turn(one, "waiting");
    addUp();
  };
  const take = (files) => {
    const fold = list.closest("details");
    if (fold) fold.open = true;
    announce("");
    for (const file of files) add(file);
    form.dispatchEvent(new Event("input"));
    work();
  };

  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    take(files);
  });

  // Dropped on the page's form, or pasted: a picture from the screen has no path.
  const hasFiles = ({ dataTransfer }) => [...dataTransfer?.items ?? []].some(({ kind }) => kind === "file");
  const isOther = ({ target }) => target.matches?.("input[type=file]");
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => {
      if (!hasFiles(event) || isOther(event)) return;
      event.preventDefault();
      form.classList.add("dropping");
    });
  }
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) form.classList.remove("dropping");
  });
  form.addEventListener("drop", (event) => {
    form.classList.remove("dropping");
    if (!hasFiles(event) || isOther(event)) return;
    event.preventDefault();
    // A folder has no type and cannot be read.
    const items = [...event.dataTransfer.items].filter((item) => !item.webkitGetAsEntry?.()?.isDirectory);
    take(items.map((item) => item.getAsFile()).filter(Boolean));
  });
  form.addEventListener("paste", ({ clipboardData }) => {
    const { files } = clipboardData;
    if (files.length && !clipboardData.getData("text/plain")) take(files);
  });

  // A send waits for the files; a visitor who leaves meanwhile is asked.
  addEventListener("submit", (event) => {
    if (event.target !== form || event.submitter?.hasAttribute("formaction")) return;
    const isRefused = entries.some(({ state }) => state === "refused");
    if (!isRefused && !entries.some(isOpen)) {
      isLeaving = true;
      keptUploads.clear();
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    // A message without a file that its sender believes to be in it must not go.
    if (isRefused) return announce(words.blocked, true);
    submitter = event.submitter ?? false;
    return announce(words.sending, true);
  }, { capture: true });
  addEventListener("beforeunload", (event) => {
    if (!isLeaving && entries.some(isOpen)) event.preventDefault();
  });
  addEventListener("pageshow", () => { isLeaving = false; });
  form.addEventListener("emptied", () => {
    for (const one of [...entries]) {
      entries.splice(entries.indexOf(one), 1);
      one.row.remove();
    }
    addUp();
  });
  keptUploads.hasSome().then((has) => {
    if (!has || entries.length) return;
    const fold = list.closest("details");
    if (fold && !words.control) fold.open = true;
    announce(words.kept, true);
  });
});
