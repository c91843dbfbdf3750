package org.vm.api;

import java.util.Locale;

/** How guest code is executed; which of them a container offers depends on the engines installed. */
public enum ExecMode {
    /** As it is found. */
    INTERPRETER,
    /** Translated before it runs. */
    JIT,
    /** Interpreted first, and translated where it is hot. */
    HYBRID,
    /** By the host's processor. */
    ACCELERATED;

    /** As people write it: {@code hybrid}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
