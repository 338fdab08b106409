// theme/tokens.json -> CSS custom properties, one block per theme. Paper is always light.

/** @param {{themes: Record<string, {scheme: string, colours: Record<string, string>}>}} tokens */
export function tokensCss(tokens) {
  const block = (selector, theme) => {
    const lines = Object.entries(theme.colours).map(([key, value]) => `  --${key}: ${value};`);
    return `${selector} {\n  color-scheme: ${theme.scheme};\n${lines.join("\n")}\n}`;
  };
  const blocks = Object.entries(tokens.themes).map(([name, theme]) => block(`:root[data-theme="${name}"]`, theme));
  return `${blocks.join("\n")}\n@media print {\n${block(":root[data-theme]", tokens.themes.light)}\n}\n`;
}
