import { three } from "../three.js";

export const one = three - 2;
