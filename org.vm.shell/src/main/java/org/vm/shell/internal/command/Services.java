package org.vm.shell.internal.command;

import java.util.Optional;
import org.vm.api.ConfigurationException;

/** Services that the shell can do without, by their interface. */
@FunctionalInterface
public interface Services {
    <T> Optional<T> find(Class<T> type);

    /** @throws ConfigurationException if nobody offers it */
    default <T> T require(Class<T> type) {
        return find(type).orElseThrow(() -> new ConfigurationException("no bundle offers a " + type.getSimpleName()
                + "; lb shows which bundles there are"));
    }

    /** Of a shell without a container. */
    static <T> Optional<T> none(Class<T> type) {
        return Optional.empty();
    }
}
