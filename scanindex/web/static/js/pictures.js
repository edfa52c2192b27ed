/* Pictures of pages as <img> elements kept ready: what was fetched once is shown at once, although every
   answer is "no-store" (the element itself is kept, not its address).

   picture(src) -> Promise<HTMLImageElement> (loaded and decoded; rejects with {code: "picture"}; asks again next time)
   prefetch([src, ...])   fetched after each other while nothing is waited for, in this order, before what was
                          asked for earlier;  forgetPictures()
   isReady(src) */

const MOST = 40;
const MOST_QUEUED = 24;
const kept = new Map();
const queue = [];
let wanted = 0;
let isBusy = false;

export function picture(src) {
  wanted += 1;
  return load(src).finally(() => { wanted -= 1; next(); });
}

function load(src) {
  const known = kept.get(src);
  if (known) {
    kept.delete(src);
    kept.set(src, known);
    return known.promise;
  }
  const image = new Image();
  image.draggable = false;
  image.src = src;
  const entry = { image, isReady: false };
  entry.promise = image.decode().then(() => { entry.isReady = true; return image; }, () => {
    kept.delete(src);
    throw Object.assign(new Error("The picture of this page could not be shown."), { code: "picture" });
  });
  kept.set(src, entry);
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST) break;
    if (!kept.get(oldest).image.isConnected) kept.delete(oldest);
    else break;
  }
  return entry.promise;
}

export const isReady = (src) => kept.get(src)?.isReady === true;

export function prefetch(sources) {
  const wished = [...new Set(sources)].filter((src) => src && !kept.has(src));
  const rest = queue.filter((src) => !wished.includes(src));
  queue.splice(0, queue.length, ...[...wished, ...rest].slice(0, MOST_QUEUED));
  next();
}

function next() {
  if (isBusy || wanted > 0 || !queue.length) return;
  isBusy = true;
  load(queue.shift()).catch(() => {}).finally(() => { isBusy = false; next(); });
}

export function forgetPictures() {
  queue.length = 0;
  kept.clear();
}
