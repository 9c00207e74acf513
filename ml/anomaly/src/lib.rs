//! Is this point normal for its series? Online detectors, their ensemble and the tail model.
