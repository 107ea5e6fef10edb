//! Puts the static files into the binary: raw, gzip and brotli, under a name that holds their
//! hash, so that a browser may keep them for ever.

use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[allow(clippy::disallowed_methods)] // Cargo speaks to build scripts by the environment.
fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=static");
    println!("cargo::rerun-if-changed=migrations");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    let mut table = String::from("&[\n");
    let mut files = Vec::new();
    collect(Path::new("static"), &mut files)?;
    files.sort();
    for (n, file) in files.iter().enumerate() {
        let Some(mime) = mime(file) else { continue };
        let bytes = fs::read(file)?;
        let hash: String =
            Sha256::digest(&bytes).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let name = file.strip_prefix("static").map_err(io::Error::other)?.display().to_string();
        let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, ""));
        fs::write(out.join(format!("{n}.raw")), &bytes)?;
        fs::write(out.join(format!("{n}.gz")), gzip(&bytes)?)?;
        fs::write(out.join(format!("{n}.br")), brotli(&bytes)?)?;
        table.push_str(&format!(
            "    Asset {{ name: {name:?}, path: \"/static/{stem}-{hash}.{ending}\", mime: {mime:?}, \
             raw: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{n}.raw\")), \
             gzip: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{n}.gz\")), \
             brotli: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{n}.br\")) }},\n"
        ));
    }
    table.push(']');
    fs::write(out.join("assets.rs"), table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// Only what a page loads; licences stay in the repository.
fn mime(file: &Path) -> Option<&'static str> {
    match file.extension()?.to_str()? {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        _ => None,
    }
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut out, &Default::default())?;
    Ok(out)
}
