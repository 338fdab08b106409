import{n as e,r as t,t as n}from"./maplibre.js";import{G as r,H as i,J as a,W as o,Y as s,a as c,c as l,et as u,f as d,h as f,k as p,p as m,r as h,t as g,v as _}from"./view.js";import{a as v,c as y,n as b,o as x,r as S,s as C,t as w}from"./asset-style.js";var T=`/static/noto-sans-cyrillic-400-normal.woff2`,E=`/static/noto-sans-latin-ext-400-normal.woff2`,D=`/static/noto-sans-latin-400-normal.woff2`,O=`corridor`,k=`hatch`,A={type:`FeatureCollection`,features:[]},j=Math.cos(58.5*Math.PI/180);function M(){let e=512/(r*j),t=t=>[`max`,5,[`*`,[`get`,`corridor_m`],2*e*2**t]];return[`interpolate`,[`exponential`,2],[`zoom`],4,t(4),6,t(6),8,t(8),16,t(16)]}var N=()=>({type:`geojson`,data:A,tolerance:.25}),P=(e,t)=>[`==`,[`get`,e],t];function F(e){let t=(e,t,n)=>({id:e,type:`line`,source:`assets`,filter:t,layout:{"line-join":`round`},paint:n}),n=(e,n,r)=>({...t(e,n,r),layout:{"line-join":`round`,"line-cap":`round`}}),r=[`get`,`opacity`],i=[`interpolate`,[`linear`],[`zoom`],w.below,[`*`,w.share,[`get`,`width_px`]],w.full,[`get`,`width_px`]];return[n(O,[`in`,[`get`,`class`],[`literal`,[`cable`,`pipeline`]]],{"line-color":[`case`,P(`class`,`pipeline`),e.pipeline,e.cable],"line-opacity":.1,"line-width":M()}),{id:`wind`,type:`fill`,source:`assets`,filter:P(`class`,`wind`),paint:{"fill-pattern":k}},t(`wind-edge`,P(`class`,`wind`),{"line-color":e.wind,"line-width":1,"line-opacity":r}),t(`pipeline`,P(`class`,`pipeline`),{"line-color":e.pipeline,"line-width":i,"line-opacity":r,"line-dasharray":[3,2]}),t(`cable`,P(`class`,`cable`),{"line-color":e.cable,"line-width":i,"line-opacity":r}),{id:`terminal`,type:`circle`,source:`assets`,filter:P(`class`,`point`),paint:{"circle-radius":3,"circle-color":e.sea,"circle-stroke-color":e.pipeline,"circle-stroke-width":1.4,"circle-stroke-opacity":r,"circle-opacity":r}}]}function I(e){let t=(t,n,r,i)=>({id:t,type:`symbol`,source:n,filter:[`all`,P(`kind`,r),[`>=`,[`zoom`],[`get`,`minZoom`]]],layout:{"text-field":[`get`,`text`],"text-font":[v],"text-size":x[r],"text-padding":4,...i},paint:{"text-color":r===`sea`?e[`sea-label`]:e[`map-label`],"text-halo-color":r===`sea`?d(e.sea,0):d(e.land,.8),"text-halo-width":r===`sea`?0:1.2}});return[t(`port-names`,`ports`,`port`,{"text-anchor":`left`,"text-offset":[.6,0],"text-optional":!0}),t(`sea-names`,`places`,`sea`,{"text-letter-spacing":.05}),t(`country-names`,`places`,`country`,{"text-transform":`uppercase`,"text-letter-spacing":.14})]}function L(e){return[{id:`sea`,type:`background`,paint:{"background-color":e.sea}},{id:`land`,type:`fill`,source:`land`,paint:{"fill-color":e.land,"fill-antialias":!1}},{id:`coast`,type:`line`,source:`coast`,paint:{"line-color":e.coast,"line-width":.8}},{id:`territory`,type:`line`,source:`territory`,paint:{"line-color":e.territory,"line-width":1,"line-dasharray":[1,3]}},{id:`port-dots`,type:`circle`,source:`ports`,filter:[`>=`,[`zoom`],[`get`,`minZoom`]],paint:{"circle-radius":1.7,"circle-color":e[`map-label`]}},...F(e),...I(e)]}function R(e){let t=e=>new URL(e,location.href).href;return{version:8,"font-faces":{[v]:[{url:t(D),"unicode-range":[`U+0000-00FF`,`U+2000-206F`]},{url:t(E),"unicode-range":[`U+0100-02BA`,`U+1E00-1E9F`]},{url:t(T),"unicode-range":[`U+0400-045F`]}]},sources:{land:N(),coast:N(),territory:N(),assets:N(),ports:N(),places:N()},layers:L(e)}}function z(e){let t=document.createElement(`canvas`);t.width=t.height=8;let n=t.getContext(`2d`);n.strokeStyle=d(e,.55),n.beginPath();for(let e of[-8,0,8])n.moveTo(e,8),n.lineTo(e+8,0);return n.stroke(),n.getImageData(0,0,8,8)}var B=`#version 300 es
uniform mat4 u_matrix;        // local Mercator -> clip space
uniform vec2 u_viewport_px;   // CSS pixels
uniform float u_size_px;
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
  gl_Position = vec4(centre.xy + vec2(shift.x, -shift.y) * centre.w, centre.zw);
}`,V=`#version 300 es
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
  if (cover <= 0.0) discard;
  float a = cover * u_opacity;
  o_colour = vec4(u_colour * a, a);
}`,H={x:a(20),y:s(59)},U=4,W=[`u_matrix`,`u_viewport_px`,`u_size_px`,`u_now_s`,`u_colour`,`u_opacity`,`u_arrows`,`u_shape`];function G(e){let t=e.createProgram();for(let[n,r]of[[e.VERTEX_SHADER,B],[e.FRAGMENT_SHADER,V]]){let i=e.createShader(n);if(e.shaderSource(i,r),e.compileShader(i),!e.getShaderParameter(i,e.COMPILE_STATUS))throw Error(`vessel shader: ${e.getShaderInfoLog(i)}`);e.attachShader(t,i)}if(e.linkProgram(t),!e.getProgramParameter(t,e.LINK_STATUS))throw Error(`vessel shader: ${e.getProgramInfoLog(t)}`);return t}function K(e){let t=new Float32Array(16);for(let n=0;n<4;n+=1){for(let r=0;r<3;r+=1)t[4*r+n]=e[4*r+n];t[12+n]=e[n]*H.x+e[4+n]*H.y+e[12+n]}return t}var q=class{vessels;look;id=`vessels`;type=`custom`;map=null;program=null;array=null;corners=null;rows=null;uniforms={};data=new Float32Array;uploaded=-1;epoch_ms=0;constructor(e,t){this.vessels=e,this.look=t}onAdd(e,t){this.map=e,this.uploaded=-1;let n=G(t);this.program=n;for(let e of W)this.uniforms[e]=t.getUniformLocation(n,e);this.array=t.createVertexArray(),t.bindVertexArray(this.array),this.corners=t.createBuffer(),t.bindBuffer(t.ARRAY_BUFFER,this.corners),t.bufferData(t.ARRAY_BUFFER,new Float32Array([-1,-1,1,-1,-1,1,1,1]),t.STATIC_DRAW);let r=t.getAttribLocation(n,`a_corner`);t.enableVertexAttribArray(r),t.vertexAttribPointer(r,2,t.FLOAT,!1,0,0),this.rows=t.createBuffer(),t.bindBuffer(t.ARRAY_BUFFER,this.rows);for(let[e,r,i]of[[`a_position`,2,0],[`a_course_rad`,1,2],[`a_stale_s`,1,3]]){let a=t.getAttribLocation(n,e);t.enableVertexAttribArray(a),t.vertexAttribPointer(a,r,t.FLOAT,!1,16,i*4),t.vertexAttribDivisor(a,1)}t.bindVertexArray(null)}onRemove(e,t){t.deleteProgram(this.program),t.deleteVertexArray(this.array),t.deleteBuffer(this.corners),t.deleteBuffer(this.rows),this.map=this.program=null}render(e,t){if(!this.map||!this.program||this.vessels.n===0)return;let{clientWidth:n,clientHeight:r}=this.map.getCanvas(),{size_px:i,faint:a,arrows:o}=h(this.map.getZoom()),{colour:s,opacity:c,now_ms:l}=this.look();e.bindVertexArray(this.array),this.uploaded!==this.vessels.revision&&this.upload(e),e.useProgram(this.program),e.disable(e.DEPTH_TEST),e.disable(e.STENCIL_TEST),e.uniformMatrix4fv(this.uniforms.u_matrix,!1,K(t.defaultProjectionData.mainMatrix)),e.uniform2f(this.uniforms.u_viewport_px,n,r),e.uniform1f(this.uniforms.u_size_px,i),e.uniform1f(this.uniforms.u_now_s,(l-this.epoch_ms)/1e3),e.uniform3fv(this.uniforms.u_colour,f(s)),e.uniform1f(this.uniforms.u_opacity,c*a),e.uniform1f(this.uniforms.u_arrows,+!!o),e.uniform2fv(this.uniforms.u_shape,u.flat()),e.drawArraysInstanced(e.TRIANGLE_STRIP,0,4,this.vessels.n),e.bindVertexArray(null)}upload(e){let{vessels:t}=this;this.data.length<t.n*U&&(this.data=new Float32Array(t.mmsi.length*U)),this.epoch_ms=t.t_ms;for(let e=0,n=0;e<t.n;e+=1,n+=U)this.data[n]=t.x[e]-H.x,this.data[n+1]=t.y[e]-H.y,this.data[n+2]=t.isPointed(e)?t.cog_x10[e]*Math.PI/1800:-1,this.data[n+3]=(t.staleAt_ms[e]-this.epoch_ms)/1e3;e.bindBuffer(e.ARRAY_BUFFER,this.rows),e.bufferData(e.ARRAY_BUFFER,this.data.subarray(0,t.n*U),e.DYNAMIC_DRAW),this.uploaded=t.revision}};e(new URL(n,location.href).href);var J=e=>({type:`FeatureCollection`,features:e.map(({lon:e,lat:t,...n})=>({type:`Feature`,properties:n,geometry:{type:`Point`,coordinates:[e,t]}}))}),Y=4e3;function X(e){let t=[],n=e=>{for(let n=0;n<e.length-1;n+=Y)t.push(e.slice(n,n+Y+1))},r=e=>{if(e.type===`FeatureCollection`)for(let t of e.features)r(t);else if(e.type===`Feature`)r(e.geometry);else if(e.type===`Polygon`)for(let t of e.coordinates)n(t);else if(e.type===`MultiPolygon`)for(let t of e.coordinates)for(let e of t)n(e)};return r(e),{type:`MultiLineString`,coordinates:t}}function Z(e){let t=l(e);return{type:`FeatureCollection`,features:e.features.filter(e=>e.geometry).map(({geometry:e,properties:n},r)=>{let i=t[r],a=i.class===`pipeline`?`pipeline`:`cable`,{width_px:o,opacity:s}=b(a,n,i.inService);return{type:`Feature`,geometry:e,properties:{class:i.class,width_px:o,opacity:s,corridor_m:S(n)}}})}}var Q=class{host;kind=`gl`;map;pending=new Map;ready=!1;lastColours=null;constructor(e,n){this.host=e;let{west:r,south:i,east:a,north:s}=o;this.map=new t({container:e,style:R(m.value),center:[g.lon,g.lat],zoom:g.zoom,maxZoom:15,maxBounds:[[r,i],[a,s]],attributionControl:!1,dragRotate:!1,pitchWithRotate:!1,touchPitch:!1,fadeDuration:0}),this.map.touchZoomRotate.disableRotation(),this.map.keyboard.disableRotation(),this.map.getCanvas().setAttribute(`aria-label`,e.getAttribute(`aria-label`)??`Map`),e.removeAttribute(`tabindex`),e.removeAttribute(`role`),e.removeAttribute(`aria-label`),this.map.on(`render`,()=>n.drawn(this.camera())),this.map.on(`load`,()=>this.begin()),this.pending.set(`places`,J(C))}camera(){let{lng:e,lat:t}=this.map.getCenter(),{clientWidth:n,clientHeight:r}=this.host;return{x:a(e),y:s(t),zoom:this.map.getZoom(),width:n,height:r}}setData(e,t){e===`land`&&this.put(`coast`,X(t)),e===`assets`?this.put(e,Z(t)):this.put(e,e===`ports`?J(y(t)):t)}goTo(e,t,n){this.map.easeTo({center:[e,t],zoom:n??this.map.getZoom(),duration:c()?0:450})}zoomBy(e){this.map.easeTo({zoom:this.map.getZoom()+e,duration:c()?0:200})}refresh(){this.ready&&this.lastColours!==m.value&&this.recolour(),this.map.triggerRepaint()}destroy(){this.map.remove()}put(e,t){this.ready?this.map.getSource(e).setData(t):this.pending.set(e,t)}begin(){this.ready=!0,this.map.addImage(k,z(m.value.wind)),this.lastColours=m.value;for(let[e,t]of this.pending)this.put(e,t);this.pending.clear();let e=new q(i,()=>({colour:m.value.traffic,opacity:_.value,now_ms:p.value??i.t_ms}));this.map.addLayer(e,O)}recolour(){this.lastColours=m.value,this.map.updateImage(k,z(m.value.wind));for(let{id:e,paint:t}of L(m.value))for(let[n,r]of Object.entries(t??{}))this.map.setPaintProperty(e,n,r)}};export{Q as GlView};