package org.vm.api.backend;

import java.io.IOException;
import java.util.Map;

/** Storage that can take changed settings over while a disk is in front of it: it may grow. */
public interface AdjustableBackend extends BlockBackend {
    /**
     * Takes settings over, as {@link BlockBackendFactory#open} knows them.
     *
     * @return whether they hold now; if not, nothing has changed, and other storage must be opened for them
     * @throws org.vm.api.ConfigurationException if they can never hold, as for storage that is to shrink
     */
    boolean adjust(Map<String, ?> properties) throws IOException;
}
