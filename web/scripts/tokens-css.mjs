// theme/tokens.json -> CSS custom properties, one block per theme.

/** @param {{themes: Record<string, {scheme: string, colours: Record<string, string>}>}} tokens */
export function tokensCss(tokens) {
  const blocks = Object.entries(tokens.themes).map(([name, theme]) => {
    const lines = Object.entries(theme.colours).map(([key, value]) => `  --${key}: ${value};`);
    return `:root[data-theme="${name}"] {\n  color-scheme: ${theme.scheme};\n${lines.join("\n")}\n}`;
  });
  return `${blocks.join("\n")}\n`;
}
