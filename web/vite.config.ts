// The build: stable file names, MapLibre in a chunk of its own, colours and licences generated.
import { readFileSync } from "node:fs";
import { defineConfig } from "vite";
import { thirdPartyNotices } from "./scripts/notices.mjs";
import { tokensCss } from "./scripts/tokens-css.mjs";

const TOKENS_ID = "virtual:tokens.css";

/** Turns theme/tokens.json into custom properties, so that CSS and canvas read one source. */
function tokens() {
  const file = new URL("./src/theme/tokens.json", import.meta.url);
  return {
    name: "sargas-tokens",
    resolveId: (id: string) => (id === TOKENS_ID ? `\0${TOKENS_ID}` : undefined),
    load(id: string) {
      if (id !== `\0${TOKENS_ID}`) return undefined;
      return tokensCss(JSON.parse(readFileSync(file, "utf8")));
    },
  };
}

/** Writes the licence texts of everything that is shipped beside the client. */
function notices() {
  return {
    name: "sargas-notices",
    generateBundle(this: { emitFile(file: object): void }) {
      const source = thirdPartyNotices(new URL("./", import.meta.url));
      this.emitFile({ type: "asset", fileName: "THIRD-PARTY-NOTICES.txt", source });
    },
  };
}

export default defineConfig({
  base: "/static/",
  plugins: [tokens(), notices()],
  build: {
    outDir: process.env.SARGAS_STATIC ?? "../src/sargas/web/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
        codeSplitting: {
          groups: [{ name: "maplibre", test: /node_modules[\\/](maplibre-gl|@maplibre|@mapbox)/ }],
        },
      },
    },
  },
  worker: {
    format: "es",
    rolldownOptions: { output: { entryFileNames: "[name].js", chunkFileNames: "[name].js" } },
  },
});
