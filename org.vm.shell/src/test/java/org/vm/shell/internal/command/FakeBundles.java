package org.vm.shell.internal.command;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Version;
import org.osgi.framework.wiring.FrameworkWiring;

/** A container's bundles by name, version and location; notes what is done to them. */
public final class FakeBundles {
    public final List<String> calls = new ArrayList<>();
    /** Bundles that lack something do not start. */
    public boolean lacking;
    public int state = Bundle.ACTIVE;
    private final List<Bundle> bundles = new ArrayList<>();

    public FakeBundles add(String name, String version, String location) {
        bundles.add(bundle(name, version, location));
        return this;
    }

    private Bundle bundle(String name, String version, String location) {
        long id = bundles.size();
        return (Bundle) Proxy.newProxyInstance(Bundle.class.getClassLoader(), new Class<?>[] {Bundle.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "getBundleId" -> id;
                    case "getSymbolicName" -> name;
                    case "getVersion" -> Version.parseVersion(version);
                    case "getLocation" -> location;
                    case "getState" -> state;
                    case "getHeaders" -> new Hashtable<String, String>();
                    case "equals" -> proxy == arguments[0];
                    case "hashCode" -> (int) id;
                    case "toString" -> name;
                    case "start", "update", "uninstall" -> {
                        if (lacking) {
                            throw new BundleException("it lacks a package");
                        }
                        calls.add(method.getName() + " " + name);
                        yield null;
                    }
                    case "adapt" -> Proxy.newProxyInstance(FrameworkWiring.class.getClassLoader(), new Class<?>[] {(Class<?>) arguments[0]},
                            (p, m, a) -> {
                                calls.add(m.getName() + (a != null && a[0] instanceof Integer level ? " " + level : ""));
                                return m.getReturnType() == int.class ? 1 : m.getName().equals("getDependencyClosure") ? a[0] : null;
                            });
                    default -> throw new UnsupportedOperationException(method.toString());
                });
    }

    public BundleContext context() {
        return (BundleContext) Proxy.newProxyInstance(BundleContext.class.getClassLoader(), new Class<?>[] {BundleContext.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "getBundles" -> bundles.toArray(Bundle[]::new);
                    case "getBundle" -> arguments == null ? bundles.getFirst() : bundles.stream().filter(each -> each.getLocation().equals(arguments[0])).findFirst()
                            .orElseGet(() -> arguments[0].equals("System Bundle") || arguments[0].equals(0L) ? bundle("system", "1", "System Bundle") : null);
                    case "getProperty" -> "3";
                    case "installBundle" -> {
                        calls.add("install");
                        add("org.example.a", "1", (String) arguments[0]);
                        yield bundles.getLast();
                    }
                    default -> throw new UnsupportedOperationException(method.toString());
                });
    }
}
