// The one WebSocket: parses, hands on, and connects again by itself.
import { decodeFrame, FrameError, type Frame } from "./frame.ts";
import type { Message } from "./types.ts";

/** The clock comes at 1 Hz: this long without a word means that the line is dead. */
const SILENCE_MS = 6000;
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000, 15000];

export interface SocketHandlers {
  message(message: Message): void;
  frame(frame: Frame): void;
  /** Something came that is not in the contract; it is dropped and counted by the caller. */
  refused(reason: string): void;
  up(): void;
  /** The line is down; the next try starts in `retry_ms`. */
  down(retry_ms: number): void;
}

export function openSocket(url: string, handlers: SocketHandlers): { retryNow(): void; send(message: object): void; close(): void } {
  let socket: WebSocket | null = null;
  let tries = 0;
  let closed = false;
  let watchdog = 0;
  let retry = 0;

  const listen = (): void => {
    window.clearTimeout(watchdog);
    watchdog = window.setTimeout(() => drop(), SILENCE_MS);
  };

  const drop = (): void => {
    window.clearTimeout(watchdog);
    window.clearTimeout(retry);
    if (socket) {
      // The old socket may still speak or close late: it must not be heard any more.
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
      socket = null;
    }
    if (closed) return;
    const wait = BACKOFF_MS[Math.min(tries, BACKOFF_MS.length - 1)]!;
    tries += 1;
    handlers.down(wait);
    retry = window.setTimeout(connect, wait);
  };

  const receive = (data: unknown): void => {
    try {
      if (data instanceof ArrayBuffer) {
        handlers.frame(decodeFrame(data));
      } else {
        const message = JSON.parse(String(data)) as Message;
        if (message.kind === "hello") {
          tries = 0;
          handlers.up();
        }
        handlers.message(message);
      }
    } catch (cause) {
      if (cause instanceof FrameError || cause instanceof SyntaxError) handlers.refused(cause.message);
      else throw cause;
    }
  };

  const connect = (): void => {
    window.clearTimeout(retry);
    socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => {
      listen();
      receive(event.data);
    };
    socket.onclose = drop;
    listen();
  };

  connect();
  return {
    retryNow() {
      tries = 0;
      if (!socket) connect();
    },
    send(message) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    close() {
      closed = true;
      drop();
    },
  };
}
