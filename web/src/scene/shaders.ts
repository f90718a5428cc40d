/** What the graphics card is told of dots and balls. */

export const ROUND = {
  vertexShader:
    "uniform float size; void main() { gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); gl_PointSize = size; }",
  fragmentShader:
    "uniform vec3 tone; uniform float alpha; void main() { float d = length(gl_PointCoord - 0.5); if (d > 0.5) discard; gl_FragColor = vec4(tone, alpha * smoothstep(0.5, 0.4, d));\n#include <colorspace_fragment>\n}",
};

// Sunlight and a little more; three's own materials cost several times this in software.
export const LIT = {
  vertexShader:
    "varying vec3 up; void main() { up = normal; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }",
  fragmentShader:
    "uniform vec3 sun; uniform vec3 tone; varying vec3 up; void main() { float lit = max(dot(normalize(up), sun), 0.0); gl_FragColor = vec4(tone * (0.09 + 0.91 * sqrt(lit)), 1.0);\n#include <colorspace_fragment>\n}",
};
