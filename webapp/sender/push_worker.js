// The service worker: shows what a push says, and opens the message's page when it is pressed.
// It does nothing else.  It has no fetch handler and keeps no page: it sees no request at all.
"use strict";

// Where each message's page is: push.js wrote it, and it is on this device alone.
const pages = () => new Promise((done, fail) => {
  const asked = indexedDB.open("push", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("pages");
  asked.onsuccess = () => done(asked.result);
  asked.onerror = () => fail(asked.error);
});

const pageOf = async (message) => {
  const kept = await pages();
  return new Promise((done) => {
    const asked = kept.transaction("pages").objectStore("pages").get(message);
    asked.onsuccess = () => done(asked.result?.page);
    asked.onerror = () => done(undefined);
  }).finally(() => kept.close());
};

const show = async (message) => {
  const page = await pageOf(message).catch(() => undefined);
  const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = page && windows.find((one) => new URL(one.url).pathname === page);
  return there ? there.focus() : clients.openWindow(page ?? new URL("..", location).href);
};

addEventListener("push", (event) => {
  const its = event.data.json();
  const clock = new Intl.DateTimeFormat(its.language, { dateStyle: "medium", timeStyle: "short" });
  event.waitUntil(registration.showNotification(its.title, {
    body: `${its.body}\n${clock.format(its.at)}`,
    lang: its.language,
    // A repeat takes the place of the first, and makes no sound.
    tag: its.event,
    timestamp: its.at,
    data: its.message,
  }));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data));
});
