//! Where is a series going? Forecasting models, their choice by back-test, conformal intervals.
