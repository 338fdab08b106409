// Vessel marks as one instanced quad; the shape is a signed distance, so edges are smooth at any size.

export const VERTEX = `#version 300 es
uniform mat4 u_matrix;        // local Mercator -> clip space
uniform vec2 u_viewport_px;   // CSS pixels
uniform float u_size_px;
uniform float u_stale;        // 0: stale marks are left out
uniform float u_now_s;        // event time, seconds since the layer's epoch
in vec2 a_corner;             // -1..1
in vec2 a_position;           // Mercator, relative to the layer's origin
in float a_course_rad;        // below zero: no course
in float a_stale_s;           // event time after which the mark is hollow
out vec2 v_place;             // in units of half the mark
flat out float v_pointed;
flat out float v_hollow;
void main() {
  float half_px = u_size_px * 0.5;
  float room = (half_px + 1.5) / half_px;
  v_place = a_corner * room;
  v_pointed = a_course_rad < 0.0 ? 0.0 : 1.0;
  v_hollow = u_now_s > a_stale_s ? 1.0 : 0.0;
  float s = sin(max(a_course_rad, 0.0));
  float c = cos(max(a_course_rad, 0.0));
  vec2 turned = vec2(v_place.x * c - v_place.y * s, v_place.x * s + v_place.y * c);
  vec4 centre = u_matrix * vec4(a_position, 0.0, 1.0);
  vec2 shift = turned * half_px * 2.0 / u_viewport_px;
  gl_Position = vec4(centre.xy + vec2(shift.x, -shift.y) * centre.w, 0.0, centre.w);
  if (v_hollow > 0.5 && u_stale < 0.5) gl_Position = vec4(2.0, 2.0, 2.0, 1.0); // outside the view
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
uniform vec3 u_colour;
uniform float u_opacity;
uniform float u_size_px;
uniform float u_arrows;       // 0: dots only
uniform vec2 u_shape[4];      // the arrow, course up, y downwards
in vec2 v_place;
flat in float v_pointed;
flat in float v_hollow;
out vec4 o_colour;
float arrow(vec2 p) {         // distance to a polygon, below zero inside
  float d = dot(p - u_shape[0], p - u_shape[0]);
  float inside = 1.0;
  for (int i = 0, j = 3; i < 4; j = i, i++) {
    vec2 e = u_shape[j] - u_shape[i];
    vec2 w = p - u_shape[i];
    vec2 b = w - e * clamp(dot(w, e) / dot(e, e), 0.0, 1.0);
    d = min(d, dot(b, b));
    bvec3 side = bvec3(p.y >= u_shape[i].y, p.y < u_shape[j].y, e.x * w.y > e.y * w.x);
    if (all(side) || all(not(side))) inside = -inside;
  }
  return inside * sqrt(d);
}
void main() {
  float half_px = u_size_px * 0.5;
  bool dot_mark = u_arrows < 0.5 || v_pointed < 0.5;
  float radius = u_arrows < 0.5 ? 1.0 : 0.5;
  float d_px = (dot_mark ? length(v_place) - radius : arrow(v_place)) * half_px;
  float line_px = u_arrows < 0.5 ? 0.8 : 1.15;
  if (v_hollow > 0.5) d_px = abs(d_px + line_px * 0.5) - line_px * 0.5;
  float cover = clamp(0.5 - d_px, 0.0, 1.0);
  if (u_arrows < 0.5) cover = step(0.5, cover); // a soft edge would keep the next dot's middle out
  if (cover <= 0.1) discard;
  float a = cover * u_opacity;
  o_colour = vec4(u_colour * a, a);
}`;
