import type { Observer } from "./observer.ts";

let current: Observer | null = null;

/** The observer of the region that this process stands in; the suites share it. */
export function setObserver(observer: Observer): void {
  current = observer;
}

export function theObserver(): Observer {
  if (!current) throw new TypeError("suites run inside a region: use `ringfence run`");
  return current;
}
