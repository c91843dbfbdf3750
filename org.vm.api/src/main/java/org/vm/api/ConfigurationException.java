package org.vm.api;

/** A configuration value that is missing, malformed or contradicts another one. */
public class ConfigurationException extends VmException {
    public ConfigurationException(String message) {
        super(message);
    }

    public ConfigurationException(String message, Throwable cause) {
        super(message, cause);
    }
}
