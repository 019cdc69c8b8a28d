// gpu.js takes `null` to mean "no headless GL here"; `npm install gl` puts the real package in this one's place.
module.exports = null
