package org.vm.guest.internal;

import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.util.Locale;
import java.util.Map;
import org.vm.api.ConfigurationException;

/** HTTP proxies as the environment names them: {@code http_proxy}, {@code https_proxy}, {@code no_proxy}. */
final class Proxies {
    private final Map<String, String> environment;

    Proxies(Map<String, String> environment) {
        this.environment = environment;
    }

    Proxy select(URI target) {
        String host = target.getHost().toLowerCase(Locale.ROOT);
        for (String exception : variable("no_proxy").split("[,\\s]+")) {
            String suffix = exception.startsWith(".") ? exception : "." + exception;
            if (exception.equals("*") || !exception.isEmpty() && ("." + host).endsWith(suffix.toLowerCase(Locale.ROOT))) {
                return Proxy.NO_PROXY;
            }
        }
        String name = target.getScheme() + "_proxy";
        String value = variable(name);
        if (value.isEmpty()) {
            return Proxy.NO_PROXY;
        }
        try {
            URI proxy = URI.create(value.contains("://") ? value : "http://" + value);
            int port = proxy.getPort() >= 0 ? proxy.getPort() : 80;
            return new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(proxy.getHost(), port));
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException("environment variable " + name + " is not an address: " + value, e);
        }
    }

    private String variable(String name) {
        String value = environment.get(name);
        if (value == null) {
            value = environment.get(name.toUpperCase(Locale.ROOT));
        }
        return value == null ? "" : value.strip();
    }
}
