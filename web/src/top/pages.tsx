import { say } from "../lang/lang.ts";
import { go, route } from "../route.ts";

interface Page {
  path: string;
  word: string;
  key: string;
}

/** Read when drawn, so that another language writes them anew. */
const pages = (): Page[] => [
  { path: "/", word: say("Watch"), key: "1" },
  { path: "/table", word: say("Table"), key: "W" },
  { path: "/handover", word: say("Handover"), key: "5" },
  { path: "/quality", word: say("Quality"), key: "Q" },
];

/** The pages there are; real links, so that one can be opened beside the watch. */
export function Pages() {
  return (
    <nav class="page-links" aria-label={say("Pages")}>
      {pages().map(({ path, word, key }) => (
        <a
          key={path}
          href={path}
          title={`${word} (${key})`}
          aria-current={`/${route.value.page}` === path ? "page" : undefined}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            go(path);
          }}
        >
          {word}
        </a>
      ))}
    </nav>
  );
}
