// What a tab remembers of its uploads, so that they go on after a reload: the token of each, sealed
// under a key made from the file itself.  Without that file nobody can open it, and no name, size or
// piece is kept.  Another file, or the same one after a change, has another key: it begins anew.
"use strict";

const keptUploads = (() => {
  const MARK = "upload-", PIECE = 65536, LASTS_MS = 3 * 86400000, NONCE = 12;
  const digest = async (...parts) => (
    new Uint8Array(await crypto.subtle.digest("sha-256", await new Blob(parts).arrayBuffer()))
  );
  const written = (bytes) => btoa(String.fromCharCode(...bytes));
  const bytesOf = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const names = () => Object.keys(sessionStorage).filter((name) => name.startsWith(MARK));

  // Where the file's entry is, and what opens it.
  const placeOf = async ({ name, size, type, lastModified }, first, last) => {
    const about = JSON.stringify([name, size, type, lastModified]);
    const all = await digest(await digest(about), await digest(first), await digest(last));
    const key = await crypto.subtle.importKey("raw", await digest("key", all), "aes-gcm", false, ["encrypt", "decrypt"]);
    return [MARK + written(await digest("name", all)), key];
  };
  const place = (file) => placeOf(file, file.slice(0, PIECE), file.slice(-PIECE));

  // A browser that keeps nothing, or seals nothing, uploads as well.
  const trying = (feature) => async (...given) => {
    try {
      return await feature(...given);
    } catch {
      return null;
    }
  };
  return {
    keep: trying(async (file, its) => {
      const [name, key] = await place(file);
      const iv = crypto.getRandomValues(new Uint8Array(NONCE));
      const plain = new TextEncoder().encode(JSON.stringify(its));
      const sealed = await crypto.subtle.encrypt({ name: "aes-gcm", iv }, key, plain);
      sessionStorage.setItem(name, `${Date.now()}.${written([...iv, ...new Uint8Array(sealed)])}`);
    }),
    find: trying(async (file) => {
      const [name, key] = await place(file);
      const kept = sessionStorage.getItem(name);
      if (!kept) return null;
      const raw = bytesOf(kept.split(".")[1]);
      const plain = await crypto.subtle.decrypt({ name: "aes-gcm", iv: raw.slice(0, NONCE) }, key, raw.slice(NONCE));
      return JSON.parse(new TextDecoder().decode(plain));
    }),
    forget: trying(async (file) => sessionStorage.removeItem((await place(file))[0])),
    clear: trying(() => { for (const name of names()) sessionStorage.removeItem(name); }),
    // Tells whether there are some; what is too old goes.
    hasSome: trying(() => {
      for (const name of names()) {
        if (!(Date.now() - parseInt(sessionStorage.getItem(name), 10) < LASTS_MS)) sessionStorage.removeItem(name);
      }
      return names().length > 0;
    }),
  };
})();
