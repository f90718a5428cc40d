declare module "world-atlas/land-110m.json";
