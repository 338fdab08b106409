// WebGL on a real GPU, or the Canvas renderer: software GL is the slower of the two.

const SOFTWARE = /swiftshader|llvmpipe|softpipe|microsoft basic render/i;

export type RendererKind = "gl" | "canvas";

export interface Renderer {
  kind: RendererKind;
  reason: string;
}

function rendererName(gl: WebGL2RenderingContext): string {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

/** Decides once, at start. `?renderer=gl` or `?renderer=canvas` overrides. */
export function chooseRenderer(query: string): Renderer {
  const asked = new URLSearchParams(query).get("renderer");
  if (asked === "gl" || asked === "canvas") return { kind: asked, reason: "asked for in the address" };
  const canvas = document.createElement("canvas");
  const gl = canvas.getContext("webgl2");
  if (!gl) return { kind: "canvas", reason: "no WebGL2" };
  const name = rendererName(gl);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return SOFTWARE.test(name)
    ? { kind: "canvas", reason: `software GL (${name})` }
    : { kind: "gl", reason: name };
}
