package org.vm.device.virtio.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Counts tasks, and waits for those that run without keeping new ones from starting: tasks join one of two groups; who
 * waits sends new ones to the other. At rest there are none, and new ones wait.
 */
final class Quiescence {
    private final int[] running = new int[2];
    private int group;
    private boolean resting;
    private final List<Runnable> waiting = new ArrayList<>();

    /** @return what to give to {@link #leave}; -1: at rest, there shall be no task now */
    synchronized int enter() {
        if (resting) {
            return -1;
        }
        running[group]++;
        return group;
    }

    /** As {@link #enter()}; at rest it keeps the task, which {@link #wake} returns. */
    synchronized int enter(Runnable task) {
        int entered = enter();
        if (entered < 0) {
            waiting.add(task);
        }
        return entered;
    }

    synchronized void leave(int entered) {
        if (--running[entered] == 0) {
            notifyAll();
        }
    }

    synchronized boolean idle() {
        return running[0] + running[1] == 0;
    }

    /** Waits for all tasks that have entered by now; one caller at a time. @return whether they ended in time */
    synchronized boolean await(long nanos) {
        long deadline = System.nanoTime() + nanos;
        // Twice: a leftover of an earlier wait that gave up may sit in the other group.
        for (int round = 0; round < 2; round++) {
            int old = group;
            group ^= 1;
            while (running[old] != 0) {
                if (!pause(deadline)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Waits until there are none, and is at rest then. @return whether that was so in time */
    synchronized boolean rest(long nanos) {
        long deadline = System.nanoTime() + nanos;
        while (running[0] + running[1] != 0) {
            if (!pause(deadline)) {
                return false;
            }
        }
        resting = true;
        return true;
    }

    /** The end of the rest. @return tasks that came meanwhile */
    synchronized List<Runnable> wake() {
        resting = false;
        List<Runnable> tasks = List.copyOf(waiting);
        waiting.clear();
        return tasks;
    }

    /** With the monitor: waits for a change. @return whether there is time left */
    private boolean pause(long deadline) {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            return false;
        }
        try {
            TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, 1_000_000));
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
