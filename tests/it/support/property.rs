//! Looking for what breaks a promise.

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};

/// Looks for something `strategy` makes that `test` panics on, and makes it small.
pub fn check_property<S>(cases: u32, strategy: &S, test: impl Fn(S::Value))
where
    S: Strategy,
{
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let checked = TestRunner::new(config).run(strategy, |value| {
        test(value);
        Ok(())
    });
    if let Err(failure) = checked {
        panic!("{failure}");
    }
}
