// Parts of the screen that are fetched when they are first shown, so that the map is drawn sooner.
import { signal } from "@preact/signals";
import type { JSX } from "preact";

type Part<P> = (props: P) => JSX.Element | null;

export function later<P extends object>(fetching: () => Promise<Part<P>>, waiting: Part<P>): Part<P> {
  const fetched = signal<Part<P> | null>(null);
  let asked = false;
  return function Later(props) {
    if (!asked) {
      asked = true;
      fetching().then((came) => {
        fetched.value = came;
      }, () => {
        asked = false; // asked for again when it is next shown
      });
    }
    const Shown = fetched.value ?? waiting;
    return <Shown {...props} />;
  };
}
