package org.vm.api.backend;

import java.util.Map;

/**
 * Service that opens storage for a disk whose own configuration says what it wants. Carries the property {@code kind};
 * that of kind {@code local} knows files and RAM disks, and is what disks use unless their configuration names another
 * one ({@code storage.target}).
 */
public interface BlockBackendFactory {
    /**
     * @param properties the disk's configuration: {@code file=PATH} or {@code ram=SIZE}, {@code readOnly}, or what another
     *     kind of storage needs to know
     * @return the caller closes it
     * @throws org.vm.api.ConfigurationException if that cannot be opened; says why and what to do
     */
    BlockBackend open(Map<String, ?> properties);
}
