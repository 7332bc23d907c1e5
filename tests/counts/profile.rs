//! Reads the output of valgrind's tools: callgrind's profiles and massif's snapshots.

use std::collections::HashMap;

/// Functions that allocate. Source: the C library; Rust's allocator and SQLite call no others.
const ALLOCATORS: [&str; 6] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"];

/// The execution between two dumps.
#[derive(Debug, PartialEq, Eq)]
pub struct Execution {
    pub instructions: u64,
    pub allocations: u64,
}

impl Execution {
    /// Reads a profile. Source: valgrind's manual, "Callgrind Format Specification".
    pub fn parse(profile: &str) -> Self {
        let mut names = HashMap::new();
        let mut callee = "";
        let (mut instructions, mut allocations) = (None, 0);
        for line in profile.lines() {
            let Some((key, value)) = line.split_once(['=', ':']) else { continue };
            match key {
                "fn" => drop(name_of(value, &mut names)),
                "cfn" => callee = name_of(value, &mut names).unwrap(),
                "calls" if ALLOCATORS.contains(&callee) => {
                    allocations += value.split(' ').next().unwrap().parse::<u64>().unwrap();
                }
                "totals" => instructions = value.trim().parse().ok(),
                _ => {}
            }
        }
        Self { instructions: instructions.expect("a profile has its total"), allocations }
    }
}

/// `(7) name` defines a function with a number, `(7)` refers to it.
fn name_of<'a>(value: &'a str, names: &mut HashMap<&'a str, &'a str>) -> Option<&'a str> {
    match value.split_once(' ') {
        Some((number, name)) => {
            names.insert(number, name);
            Some(name)
        }
        None => names.get(value).copied(),
    }
}

/// The heap at one moment. All sizes are in bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Heap {
    /// Allocated and not freed.
    pub live: u64,
    /// Allocated and freed since the start, as the sum of both, rounded up by the allocator.
    pub moved: u64,
}

impl Heap {
    /// Reads a snapshot that was taken with `--time-unit=B` and `--heap-admin=0`. Source: valgrind's manual,
    /// "Massif: a heap profiler".
    pub fn parse(snapshot: &str) -> Self {
        let number = |key| {
            let line = snapshot.lines().filter_map(|line| line.strip_prefix(key)).next_back();
            line.unwrap_or_else(|| panic!("a snapshot has {key}")).parse().unwrap()
        };
        Self { live: number("mem_heap_B="), moved: number("time=") }
    }
}

#[test]
fn calls_of_every_allocator_are_counted() {
    let profile = "\
events: Ir
fn=(1) relay
1 100
cfn=(2) malloc
calls=3 1
1 60
fn=(2)
1 60
fn=(3) grow
cfn=(4) realloc
calls=2 1
1 20
cfn=(2)
calls=1 1
1 20
cfn=(5) free
calls=9 1
1 9
totals: 209
";
    assert_eq!(Execution::parse(profile), Execution { instructions: 209, allocations: 6 });
}
