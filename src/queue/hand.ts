/** The ids that a process has in hand of one queue. */
export interface Hand {
  /** Takes the ids of a job, and calls `end` once the job may end: at once, when there is room, or when some is made. */
  take(ids: number, end: () => void): Grip;
}

/** The ids of one job. */
export interface Grip {
  /** `end` was called. */
  readonly isEnded: boolean;
  /** Their handler has ended; `isSound` is false when it threw. */
  release(isSound: boolean): void;
}

/**
 * Lets jobs end once their ids are in hand, `most` of them at a time, so that the next job is fetched while they are worked on.
 * After a handler that threw no job ends early until one has gone well: then the store's own retries are of use.
 */
export function openHand(most: number): Hand {
  const waiting = new Set<() => void>();
  let held = 0;
  let isSound = true;

  function endSome(): void {
    for (const end of waiting) {
      if (!isSound || held > most) return;
      waiting.delete(end);
      end();
    }
  }

  return {
    take(ids, end) {
      let isEnded = false;
      const endNow = () => {
        isEnded = true;
        end();
      };
      held += ids;
      waiting.add(endNow);
      endSome();
      return {
        get isEnded() {
          return isEnded;
        },
        release(wentWell) {
          held -= ids;
          isSound = wentWell;
          waiting.delete(endNow);
          endSome();
        },
      };
    },
  };
}
