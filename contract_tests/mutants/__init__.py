"""The bundled server broken on purpose, one fault at a time, and its legal variants: what the suite is tested on."""
