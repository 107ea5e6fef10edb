//! What a build puts aside on disk while it goes on, so that its memory stays the same however many
//! signals there are. The files have no name: whatever ends the build, they are gone.

use postcard::ser_flavors::Flavor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::Path;

/// Values in the order in which they were put aside.
pub(super) struct Spool {
    out: BufWriter<File>,
    frame: Vec<u8>,
}

impl Spool {
    /// An empty one on the disk of `folder`.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(folder)?;
        Ok(Self { out: BufWriter::with_capacity(256 * 1024, file), frame: Vec::new() })
    }

    /// Puts a value at the end.
    pub fn add(&mut self, value: &impl Serialize) -> io::Result<()> {
        pack(value, &mut self.frame)?;
        self.out.write_all(&(self.frame.len() as u32).to_le_bytes())?;
        self.out.write_all(&self.frame)?;
        self.frame.clear();
        Ok(())
    }

    /// Reads them from the beginning.
    pub fn read(self) -> io::Result<Spooled> {
        let mut file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        let length = file.stream_position()?;
        file.rewind()?;
        let input = BufReader::with_capacity(256 * 1024, file).take(length);
        Ok(Spooled { input, frame: self.frame })
    }
}

/// Values that are read again.
pub(super) struct Spooled {
    input: io::Take<BufReader<File>>,
    frame: Vec<u8>,
}

impl Spooled {
    /// The next one; none after the last.
    pub fn next<'s, T: Deserialize<'s>>(&'s mut self) -> io::Result<Option<T>> {
        if self.input.limit() == 0 {
            return Ok(None);
        }
        let mut length = [0; 4];
        self.input.read_exact(&mut length)?;
        self.frame.resize(u32::from_le_bytes(length) as usize, 0);
        self.input.read_exact(&mut self.frame)?;
        postcard::from_bytes(&self.frame).map(Some).map_err(io::Error::other)
    }
}

/// Into how many heaps values are put.
pub(super) const HEAPS: usize = 64;
/// Bytes of a heap that are kept in memory until they are written.
const BLOCK: usize = 16 * 1024;

/// Values put on heaps, each of which is small enough to be looked at as a whole.
pub(super) struct Heaps<T> {
    file: File,
    end: u64,
    heaps: Vec<Heap>,
    of: PhantomData<T>,
}

#[derive(Default, Clone)]
struct Heap {
    buffer: Vec<u8>,
    /// Where its blocks lie, and how long each is.
    blocks: Vec<(u64, usize)>,
}

impl<T: Serialize + DeserializeOwned> Heaps<T> {
    /// Empty ones on the disk of `folder`.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(folder)?;
        Ok(Self { file, end: 0, heaps: vec![Heap::default(); HEAPS], of: PhantomData })
    }

    /// Puts a value on a heap, counted from 0.
    pub fn add(&mut self, heap: usize, value: &T) -> io::Result<()> {
        let heap = &mut self.heaps[heap];
        pack(value, &mut heap.buffer)?;
        if heap.buffer.len() >= BLOCK {
            self.file.seek(SeekFrom::Start(self.end))?;
            self.file.write_all(&heap.buffer)?;
            heap.blocks.push((self.end, heap.buffer.len()));
            self.end += heap.buffer.len() as u64;
            heap.buffer.clear();
        }
        Ok(())
    }

    /// Takes a heap away, in the order in which it was put there.
    pub fn take(&mut self, heap: usize) -> io::Result<Vec<T>> {
        let heap = std::mem::take(&mut self.heaps[heap]);
        let mut values = Vec::new();
        let mut block = Vec::new();
        for (start, length) in heap.blocks {
            block.resize(length, 0);
            self.file.seek(SeekFrom::Start(start))?;
            self.file.read_exact(&mut block)?;
            unpack(&block, &mut values)?;
        }
        unpack(&heap.buffer, &mut values)?;
        Ok(values)
    }
}

/// The heap of a key, so that heaps taken one after the other have ascending keys.
pub(super) fn heap_of(key: &[u8; 16]) -> usize {
    usize::from(key[0]) * HEAPS / 256
}

fn pack(value: &impl Serialize, out: &mut Vec<u8>) -> io::Result<()> {
    postcard::serialize_with_flavor(value, End(out)).map_err(io::Error::other)
}

/// The end of a list of bytes.
struct End<'v>(&'v mut Vec<u8>);

impl Flavor for End<'_> {
    type Output = ();
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

fn unpack<T: DeserializeOwned>(mut bytes: &[u8], out: &mut Vec<T>) -> io::Result<()> {
    while !bytes.is_empty() {
        let (value, rest) = postcard::take_from_bytes(bytes).map_err(io::Error::other)?;
        out.push(value);
        bytes = rest;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_aside_comes_back_in_its_order(
            said in proptest::collection::vec((any::<[u8; 16]>(), ".{0,9}"), 0..200),
            filler in 0_usize..9_000,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let (mut spool, mut heaps) =
                (Spool::new(folder.path()).unwrap(), Heaps::new(folder.path()).unwrap());
            let long: Vec<([u8; 16], String)> = said.into_iter()
                .map(|(key, text)| (key, text.repeat(filler))).collect();
            for value in &long {
                spool.add(value).unwrap();
                heaps.add(heap_of(&value.0), value).unwrap();
            }
            let mut spooled = spool.read().unwrap();
            for value in &long {
                let (key, text): ([u8; 16], &str) = spooled.next().unwrap().unwrap();
                prop_assert_eq!((&key, text), (&value.0, value.1.as_str()));
            }
            prop_assert!(spooled.next::<([u8; 16], String)>().unwrap().is_none());
            let mut highest = None;
            let mut count = 0;
            for heap in 0..HEAPS {
                let values = heaps.take(heap).unwrap();
                let wanted: Vec<_> =
                    long.iter().filter(|(key, _)| heap_of(key) == heap).cloned().collect();
                prop_assert_eq!(&values, &wanted);
                count += values.len();
                if let Some(least) = values.iter().map(|(key, _)| key[0]).min() {
                    prop_assert!(highest < Some(least));
                    highest = values.iter().map(|(key, _)| key[0]).max();
                }
            }
            prop_assert_eq!(count, long.len());
        }
    }
}
