// Push: this browser is told what happens to a message, if its user presses the button.
// Where that cannot be, nothing is shown.  The service worker is push_worker.js.
"use strict";

const telling = (() => {
  const place = document.querySelector("[data-push]");
  const can = isSecureContext && navigator.serviceWorker && globalThis.PushManager;
  if (!place || !can || !globalThis.Notification) return null;
  const { push: worker, keys: written, told, message } = place.dataset;
  const keys = written.split(/ /);

  const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const textOf = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const keyOf = (its) => its.options.applicationServerKey && textOf(its.options.applicationServerKey);
  const registered = () => navigator.serviceWorker.getRegistration(worker);

  // The subscription that this browser has, if we can still sign for it.
  const known = async () => {
    const its = await (await registered())?.pushManager.getSubscription();
    return its && keys.includes(keyOf(its)) ? its : null;
  };

  const isActive = (registration) => new Promise((done) => {
    const its = registration.active ?? registration.waiting ?? registration.installing;
    const look = () => { if (its.state === "activated") done(); };
    its.addEventListener("statechange", look);
    look();
  });

  const subscribe = async () => {
    const registration = await navigator.serviceWorker.register(worker);
    await isActive(registration);
    const its = await known();
    if (its) return its;
    // One that was made with a root key which is gone.
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(keys[0]) });
  };

  const end = async () => {
    const registration = await registered();
    await (await registration?.pushManager.getSubscription())?.unsubscribe();
    await registration?.unregister();
  };

  const write = (its) => JSON.stringify({ ...its.toJSON(), key: keyOf(its) });

  // The same as in restante/subscriptions.py.
  const isTold = async (its) => {
    const start = new TextEncoder().encode("restante/v1/push-id");
    const id = Uint8Array.from(message.match(/../g), (pair) => parseInt(pair, 16));
    const named = new Blob([start, id, its.endpoint]);
    const hash = await crypto.subtle.digest("sha-256", await named.arrayBuffer());
    const hex = [...new Uint8Array(hash)].slice(0, 16).map((one) => one.toString(16).padStart(2, "0"));
    return told.split(/ /).includes(hex.join(""));
  };

  // Where each message's page is, for the service worker: a push does not say it.
  const pages = (mode, deed) => new Promise((done, fail) => {
    const asked = indexedDB.open("push", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("pages");
    asked.onerror = () => fail(asked.error);
    asked.onsuccess = () => {
      const deeds = asked.result.transaction("pages", mode);
      const reply = deed(deeds.objectStore("pages"));
      deeds.oncomplete = () => {
        asked.result.close();
        done(reply.result);
      };
      deeds.onabort = () => fail(deeds.error);
    };
  });
  const remember = (page, until) => pages("readwrite", (all) => {
    all.openCursor().onsuccess = ({ target: { result: one } }) => {
      if (!one) return;
      if (one.value.until < Date.now()) one.delete();
      one.continue();
    };
    return all.put({ page, until: Number(until) }, message);
  });
  const forget = () => pages("readwrite", (all) => {
    all.delete(message);
    return all.count();
  });

  return { place, known, subscribe, end, write, isTold, remember, forget };
})();

// On the page of a message: ask after a press, and only then.
start(() => {
  const place = document.getElementById("push");
  if (!telling || !place) return;
  const [begin, stop] = ["begin", "stop"].map((name) => place.querySelector(`[data-deed=${name}]`));
  const parts = [...place.querySelectorAll("[data-part]")];
  const show = (...names) => {
    for (const part of parts) part.hidden = !names.includes(part.dataset.part);
    place.hidden = false;
  };
  const isRefused = () => Notification.permission === "denied";

  begin.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      if (await Notification.requestPermission() !== "granted") {
        if (isRefused()) show("refused");
        return;
      }
      begin.elements.push.value = telling.write(await telling.subscribe());
      begin.submit();
    } catch (error) {
      console.warn(error);
      show("off", "failed");
    }
  });
  stop.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const its = await telling.known();
      stop.elements.endpoint.value = its?.endpoint ?? "";
      if (await telling.forget() === 0) await telling.end();
    } catch (error) {
      console.warn(error);
    }
    stop.submit();
  });

  const look = async () => {
    const its = isRefused() ? null : await telling.known();
    if (its && await telling.isTold(its)) {
      await telling.remember(place.dataset.page, place.dataset.until);
      show("on");
    } else {
      await telling.forget();
      show(isRefused() ? "refused" : "off");
    }
  };
  look().catch((error) => console.warn(error));
});

// On the page where messages are written: only in a browser that is told of others already.
start(() => {
  const place = document.getElementById("push-here");
  if (!telling || !place) return;
  telling.known().then((its) => {
    if (!its || Notification.permission !== "granted") return;
    place.querySelector("[name=push]").value = telling.write(its);
    place.hidden = false;
  }).catch((error) => console.warn(error));
});
