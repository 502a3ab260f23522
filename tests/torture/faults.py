# SPDX-License-Identifier: Apache-2.0
"""Every row, in the order of the table: importing a module of faults adds its rows."""
# pylint: disable=unused-import
import faults_kill
import faults_peer
import faults_slow
import faults_kafka
import faults_host
import faults_files
import faults_crash
from rows import ROWS

__all__ = ["ROWS"]
