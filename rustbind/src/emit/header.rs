//! The C header, by cbindgen, from the shim.

/// A shim that cbindgen does not understand.
#[derive(Debug, thiserror::Error)]
#[error("the header cannot be made: {0}")]
pub struct HeaderError(String);

/// The header of a shim in a file.
///
/// # Errors
/// [`HeaderError`].
pub fn header(shim: &std::path::Path, krate: &str) -> Result<String, HeaderError> {
    let mut config = cbindgen::Config {
        language: cbindgen::Language::C,
        include_guard: Some(format!("{}_H", krate.to_uppercase())),
        cpp_compat: true,
        style: cbindgen::Style::Type,
        ..cbindgen::Config::default()
    };
    config.documentation = true;
    let note = format!(
        "/* The bindings of `{krate}`, made by rustbind. Handles are freed with {krate}_rt_free. */\n\
         typedef struct rustbind_handle Header;"
    );
    config.after_includes = Some(note);
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(shim)
        .generate()
        .map_err(|error| HeaderError(error.to_string()))?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    String::from_utf8(text).map_err(|error| HeaderError(error.to_string()))
}
