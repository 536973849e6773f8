import org.apache.beam.runners.flink.FlinkJobServerDriver;

/**
 * Beam's job server, for a cluster whose processes have its jars already.
 *
 * <p>By default it uploads all of its class path, 150 MB, with each job. It takes what to upload from the property that
 * is emptied here; Java itself no longer needs it.
 */
public class ClusterJobServer {
  public static void main(String[] arguments) throws Exception {
    System.setProperty("java.class.path", "/nothing-to-upload");
    FlinkJobServerDriver.main(arguments);
  }
}
