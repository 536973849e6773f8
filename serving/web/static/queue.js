// The images in hand: two at a time are asked about; each is waiting, asking, done or failed.

import { ask, Refused } from "./api.js";
import { kindOf } from "./words.js";

const AT_ONCE = 2;
const TRIES = 10;
export const MOST = 1000;

export class Queue {
  /** `changed(items)` is called with those whose state is another. */
  constructor(changed) {
    this.items = [];
    this.maxBytes = null;
    this.changed = changed;
    this.asking = 0;
    this.pausedUntil = 0;
    this.next = 1;
    this.gone = new AbortController();
  }

  /** Takes files in, as many as there is room for; returns the new items. */
  add(files) {
    const added = files.slice(0, MOST - this.items.length).map((file) => ({
      id: this.next++, file, name: file.name || "pasted image", state: "waiting", verdict: null, error: null, hint: null, tries: 0,
    }));
    this.items.push(...added);
    this.changed(added);
    this.work();
    return added;
  }

  again(items) {
    const failed = items.filter((one) => one.state === "failed");
    for (const item of failed) Object.assign(item, { state: "waiting", error: null, tries: 0 });
    this.changed(failed);
    this.work();
  }

  clear() {
    this.gone.abort();
    this.gone = new AbortController();
    this.items = [];
  }

  /** "fake", "real", "uncertain", "failed", "asking" or "waiting". */
  static kind(item) {
    return item.state === "done" ? kindOf(item.verdict) : item.state;
  }

  work() {
    const pause = this.pausedUntil - Date.now();
    if (pause > 0) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.work(), pause);
      return;
    }
    while (this.asking < AT_ONCE) {
      const item = this.items.find((one) => one.state === "waiting");
      if (!item) return;
      this.judge(item);
    }
  }

  async judge(item) {
    const { signal } = this.gone;
    this.asking += 1;
    item.state = "asking";
    item.hint = null;
    item.tries += 1;
    this.changed([item]);
    try {
      item.verdict = await ask(item.file, this.maxBytes, signal);
      item.state = "done";
    } catch (error) {
      const wait = error instanceof Refused ? error.wait : null;
      if (wait !== null && item.tries < TRIES) {
        // Too fast for the gateway: all of the queue waits, then goes on.
        this.pausedUntil = Math.max(this.pausedUntil, Date.now() + 1000 * wait);
        item.state = "waiting";
        item.hint = `${error.message} This page will.`;
      } else {
        item.state = "failed";
        item.error = error instanceof Refused ? error.message : "This page failed at the image.";
      }
    }
    this.asking -= 1;
    if (!signal.aborted) this.changed([item]);
    this.work();
  }
}
