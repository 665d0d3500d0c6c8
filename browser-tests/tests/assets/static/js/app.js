import { one } from "./deep/one.js";
import { two } from "two";

const { three } = await import("./three.js");
document.getElementById("sum").textContent = String(one + two + three);
