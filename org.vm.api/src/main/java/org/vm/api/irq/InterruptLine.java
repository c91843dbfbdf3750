package org.vm.api.irq;

/** A level-triggered wire. Any thread; never blocks; setting a level that it has is free of effect. */
@FunctionalInterface
public interface InterruptLine {
    void set(boolean level);

    default void raise() {
        set(true);
    }

    default void lower() {
        set(false);
    }
}
