//! Property tests: a strategy makes inputs, and every input must keep the promise.

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};

/// How many cases a property has that ordinarily has `ordinary`.
///
/// `PROPTEST_CASES` scales them, as it sets the 256 cases of properties that state no number: 2560 means ten times as many.
pub fn cases(ordinary: u32) -> u32 {
    ordinary * Config::default().cases / 256
}

/// Runs `test` on `ordinary` inputs of `strategy`, as [`cases`] scales them, and shrinks the first input that makes it panic.
pub fn check_property<S>(ordinary: u32, strategy: &S, test: impl Fn(S::Value))
where
    S: Strategy,
{
    let cases = cases(ordinary);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let checked = TestRunner::new(config).run(strategy, |value| {
        test(value);
        Ok(())
    });
    if let Err(failure) = checked {
        panic!("{failure}");
    }
}
