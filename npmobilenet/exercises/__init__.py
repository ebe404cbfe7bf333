"""Exercises: a learner writes the operators, and is told by the smallest case what is wrong.

    from npmobilenet.exercises.exercise import EXERCISES     name -> Exercise, in the order of the steps

The learner's file runs in a process of its own (`child`, `parent`), is asked case after case
(`checking`), and what it did is named where that can be proved (`diagnosis`).
"""
