package org.vm.api.backend;

/**
 * Service that opens storage for a device whose own configuration says what it wants ({@code file=disk.img}). Carries
 * the property {@code kind}, the configuration key that it answers to ({@code file}, {@code ram}).
 */
public interface BlockBackendFactory {
    /**
     * @param what the value of the configuration key; the caller closes what it gets
     * @throws org.vm.api.ConfigurationException if that cannot be opened; says why and what to do
     */
    BlockBackend open(String what, boolean readOnly);
}
