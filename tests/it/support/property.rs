//! Property tests: a strategy makes inputs, and every input must keep the promise.

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};

/// Scales the number of cases of a property from its `ordinary` number.
///
/// `PROPTEST_CASES` is the scale: 2560 means ten times as many, as it replaces proptest's default of 256.
pub fn cases(ordinary: u32) -> u32 {
    ordinary * Config::default().cases / 256
}

/// Runs `test` on generated inputs and shrinks the first that makes it panic. [`cases`] scales `ordinary`,
/// the number of inputs.
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
