// The vessels in MapLibre: one buffer, one instanced draw call, positions relative to a local origin.
import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibreMap } from "maplibre-gl";
import type { VesselStore } from "../../state/vessels.ts";
import { rgb } from "../../theme/theme.ts";
import { ARROW } from "../marks.ts";
import { mercatorX, mercatorY } from "../mercator.ts";
import { markSize } from "../view.ts";
import { FRAGMENT, VERTEX } from "./shaders.ts";

/** In the middle of the Baltic: f32 offsets from here are good to a centimetre or two. */
const ORIGIN = { x: mercatorX(20), y: mercatorY(59) };
const FLOATS = 4;
const UNIFORMS = ["u_matrix", "u_viewport_px", "u_size_px", "u_now_s", "u_colour", "u_opacity", "u_arrows", "u_shape", "u_stale"] as const;

export interface Look {
  colour: string;
  opacity: number;
  now_ms: number;
  /** Whether stale vessels are drawn. */
  stale: boolean;
}

function compile(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) {
      throw new Error(`vessel shader: ${gl.getShaderInfoLog(shader)}`);
    }
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(`vessel shader: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}

/** `matrix` times a shift to ORIGIN, in f64; only the product is rounded to f32. */
function toLocal(matrix: ArrayLike<number>): Float32Array {
  const local = new Float32Array(16);
  for (let row = 0; row < 4; row += 1) {
    for (let column = 0; column < 3; column += 1) local[4 * column + row] = matrix[4 * column + row]!;
    local[12 + row] = matrix[row]! * ORIGIN.x + matrix[4 + row]! * ORIGIN.y + matrix[12 + row]!;
  }
  return local;
}

/**
 * All marks lie at one depth, and nearer ones only are drawn: where they crowd they join to one grey
 * and do not add up to a bright blob over the cables. MapLibre sets its own state anew afterwards.
 */
function eachPixelOnce(gl: WebGL2RenderingContext): void {
  gl.enable(gl.DEPTH_TEST);
  gl.depthMask(true);
  gl.depthFunc(gl.LESS);
  gl.depthRange(0, 1);
  gl.clearDepth(1);
  gl.clear(gl.DEPTH_BUFFER_BIT);
}

export class VesselLayer implements CustomLayerInterface {
  readonly id = "vessels";
  readonly type = "custom" as const;
  private map: MapLibreMap | null = null;
  private program: WebGLProgram | null = null;
  private array: WebGLVertexArrayObject | null = null;
  private corners: WebGLBuffer | null = null;
  private rows: WebGLBuffer | null = null;
  private uniforms = {} as Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;
  private data = new Float32Array(0);
  private uploaded = -1;
  /** f32 seconds stay exact near it. */
  private epoch_ms = 0;

  constructor(
    private readonly vessels: VesselStore,
    private readonly look: () => Look,
  ) {}

  onAdd(map: MapLibreMap, gl: WebGL2RenderingContext): void {
    this.map = map;
    this.uploaded = -1;
    const program = compile(gl);
    this.program = program;
    for (const name of UNIFORMS) this.uniforms[name] = gl.getUniformLocation(program, name);
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    this.corners = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.corners);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
    const corner = gl.getAttribLocation(program, "a_corner");
    gl.enableVertexAttribArray(corner);
    gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
    this.rows = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.rows);
    for (const [name, size, offset] of [["a_position", 2, 0], ["a_course_rad", 1, 2], ["a_stale_s", 1, 3]] as const) {
      const attribute = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(attribute);
      gl.vertexAttribPointer(attribute, size, gl.FLOAT, false, FLOATS * 4, offset * 4);
      gl.vertexAttribDivisor(attribute, 1);
    }
    gl.bindVertexArray(null);
  }

  onRemove(_map: MapLibreMap, gl: WebGL2RenderingContext): void {
    gl.deleteProgram(this.program);
    gl.deleteVertexArray(this.array);
    gl.deleteBuffer(this.corners);
    gl.deleteBuffer(this.rows);
    this.map = this.program = null;
  }

  render(gl: WebGL2RenderingContext, input: CustomRenderMethodInput): void {
    if (!this.map || !this.program || this.vessels.n === 0) return;
    const { clientWidth: width, clientHeight: height } = this.map.getCanvas();
    const { size_px, faint, arrows } = markSize(this.map.getZoom());
    const { colour, opacity, now_ms, stale } = this.look();
    gl.bindVertexArray(this.array);
    if (this.uploaded !== this.vessels.revision) this.upload(gl);
    gl.useProgram(this.program);
    gl.disable(gl.STENCIL_TEST);
    eachPixelOnce(gl);
    gl.uniformMatrix4fv(this.uniforms.u_matrix, false, toLocal(input.defaultProjectionData.mainMatrix));
    gl.uniform2f(this.uniforms.u_viewport_px, width, height);
    gl.uniform1f(this.uniforms.u_size_px, size_px);
    gl.uniform1f(this.uniforms.u_now_s, (now_ms - this.epoch_ms) / 1000);
    gl.uniform3fv(this.uniforms.u_colour, rgb(colour));
    gl.uniform1f(this.uniforms.u_opacity, opacity * faint);
    gl.uniform1f(this.uniforms.u_arrows, arrows ? 1 : 0);
    gl.uniform2fv(this.uniforms.u_shape, ARROW.flat());
    gl.uniform1f(this.uniforms.u_stale, stale ? 1 : 0);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.vessels.n);
    gl.bindVertexArray(null);
    gl.clear(gl.DEPTH_BUFFER_BIT); // what lies above must not be hidden
  }

  private upload(gl: WebGL2RenderingContext): void {
    const { vessels } = this;
    if (this.data.length < vessels.n * FLOATS) this.data = new Float32Array(vessels.mmsi.length * FLOATS);
    this.epoch_ms = vessels.t_ms;
    for (let slot = 0, at = 0; slot < vessels.n; slot += 1, at += FLOATS) {
      this.data[at] = vessels.x[slot]! - ORIGIN.x;
      this.data[at + 1] = vessels.y[slot]! - ORIGIN.y;
      this.data[at + 2] = vessels.isPointed(slot) ? (vessels.cog_x10[slot]! * Math.PI) / 1800 : -1;
      this.data[at + 3] = (vessels.staleAt_ms[slot]! - this.epoch_ms) / 1000;
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, this.rows);
    gl.bufferData(gl.ARRAY_BUFFER, this.data.subarray(0, vessels.n * FLOATS), gl.DYNAMIC_DRAW);
    this.uploaded = vessels.revision;
  }
}
