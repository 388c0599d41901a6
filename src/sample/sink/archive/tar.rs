//! The subset of tar that an archive needs: regular files with ASCII names of at most 100 bytes (POSIX `ustar`; sizes from
//! 8 GiB in GNU's base-256 encoding). Times, owners and modes are constants, so that the same files give the same bytes.

use std::io::{self, Read, Write};

/// The size of a block in bytes.
const BLOCK: usize = 512;

/// Returns the header of a file. Its content and [`padding`] have to follow.
pub(super) fn header(name: &str, size: u64) -> io::Result<[u8; BLOCK]> {
    if name.len() > 100 || !name.is_ascii() {
        return Err(io::Error::other(format!("{name:?} is not a valid name in an archive")));
    }
    let mut block = [0u8; BLOCK];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[108..116].copy_from_slice(b"0000000\0");
    block[116..124].copy_from_slice(b"0000000\0");
    if size < 1 << 33 {
        block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    } else {
        block[124] = 0x80;
        block[128..136].copy_from_slice(&size.to_be_bytes());
    }
    block[136..148].copy_from_slice(b"00000000000\0");
    block[156] = b'0';
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum = checksum(&block);
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}

/// Returns the zero bytes after a content of `size` bytes.
pub(super) fn padding(size: u64) -> Vec<u8> {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or_default();
    vec![0; (BLOCK - over) % BLOCK]
}

/// Writes the end of an archive.
pub(super) fn end(to: &mut impl Write) -> io::Result<()> {
    to.write_all(&[0; 2 * BLOCK])
}

/// Reads name and size of the next file; `None` at the end of the archive.
pub(super) fn next(from: &mut impl Read) -> io::Result<Option<(String, u64)>> {
    let mut block = [0u8; BLOCK];
    from.read_exact(&mut block)?;
    if block == [0; BLOCK] {
        return Ok(None);
    }
    let bad = |what: &str| io::Error::other(format!("not a devdb archive: {what}"));
    let field = |from: usize, to: usize| {
        let text = std::str::from_utf8(&block[from..to]).ok()?;
        Some(text.trim_matches(['\0', ' ']).to_owned())
    };
    let octal = |from: usize, to: usize| u64::from_str_radix(&field(from, to)?, 8).ok();
    if octal(148, 156) != Some(checksum(&block)) {
        return Err(bad("damaged header"));
    }
    if block[156] != b'0' {
        return Err(bad("entry is not a regular file"));
    }
    let name = field(0, 100).ok_or_else(|| bad("damaged name"))?;
    let size = if block[124] == 0x80 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&block[128..136]);
        u64::from_be_bytes(bytes)
    } else {
        octal(124, 136).ok_or_else(|| bad("damaged size"))?
    };
    Ok(Some((name, size)))
}

/// Returns the sum of a header's bytes, with blanks for the checksum field.
fn checksum(block: &[u8; BLOCK]) -> u64 {
    block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_they_were_written() {
        for size in [0, 1, 511, 512, 8_589_934_591, 8_589_934_592, u64::MAX] {
            let block = header("rows/0001.copy", size).unwrap();
            assert_eq!(next(&mut &block[..]).unwrap(), Some(("rows/0001.copy".into(), size)));
        }
        assert_eq!((padding(0).len(), padding(1).len(), padding(512).len()), (0, 511, 0));
        assert_eq!(next(&mut &[0; BLOCK][..]).unwrap(), None);
        let mut block = header("manifest.json", 5).unwrap();
        block[3] ^= 1;
        assert!(next(&mut &block[..]).is_err());
        assert!(header("이름", 1).is_err());
    }

    #[test]
    fn other_programs_read_it() {
        let mut archive = Vec::new();
        archive.extend(header("a/b.txt", 3).unwrap());
        archive.extend(b"abc");
        archive.extend(padding(3));
        end(&mut archive).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), archive).unwrap();
        let output = std::process::Command::new("tar").arg("-xOf").arg(file.path()).arg("a/b.txt").output().unwrap();
        assert_eq!((output.status.success(), output.stdout), (true, b"abc".to_vec()));
    }
}
