# twistd -y ollamaproxy.tac: the daemon in the background, set by environment
# variables such as OLLAMAPROXY_BASE_URL (see README.rst).
import os
import sys

from ollamaproxy.tap import make_application

application = make_application(sys.argv[1:], os.environ)
